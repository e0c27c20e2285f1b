package people

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"twinhop/cmd/twinhop/ask"
)

// token is what the API says of a token.
type token struct{ ID, Name, Role, By, Expires, Used, Revoked, Token string }

// Tokens returns the verb "token".
func Tokens(g *ask.Global) *cobra.Command {
	role, life := "", time.Duration(0)
	create := ask.Changing(g, "create NAME", "make a token and print it, this once", func(a *ask.Asker, c *cobra.Command, args []string) error {
		var raw json.RawMessage
		if err := a.Do(c.Context(), "POST /tokens", map[string]any{"name": args[0], "role": role, "life": life.String(), "reason": a.Reason}, &raw); err != nil {
			return err
		}
		var made token
		if err := json.Unmarshal(raw, &made); err != nil {
			return err
		}
		a.Talk(c, "It works until %s. To end it before: twinhop token revoke %s", made.Expires, made.ID)
		return a.Show(c.OutOrStdout(), raw, func(w io.Writer) { fmt.Fprintln(w, made.Token) })
	})
	create.Flags().StringVar(&role, "role", "viewer", "`role`: viewer, operator or admin")
	create.Flags().DurationVar(&life, "life", 90*24*time.Hour, "how `long` it works, up to 8760h")
	revoke := ask.Changing(g, "revoke ID", "end a token at once", func(a *ask.Asker, c *cobra.Command, args []string) error {
		return a.Said(c, "DELETE /tokens/"+url.PathEscape(args[0]), map[string]any{}, [2]string{args[0] + " is revoked", ""})
	})
	list := ask.Listing(g, ask.Table[token]{Short: "the tokens that are not over", Path: "/tokens", Header: []any{"ID", "NAME", "ROLE", "BY", "EXPIRES", "USED", "REVOKED"}, Row: func(t token) []any {
		return []any{t.ID, t.Name, t.Role, t.By, t.Expires, ask.Dash(t.Used), ask.Dash(t.Revoked)}
	}})
	return ask.Group("token", "tokens by which programs use the admin of a running gateway", create, list, revoke)
}
