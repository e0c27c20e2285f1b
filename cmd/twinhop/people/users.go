package people

import (
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"twinhop/cmd/twinhop/ask"
	"twinhop/cmd/twinhop/typed"
)

// user is what the API says of a user.
type user struct {
	Name, Role string
	Logins     int
	Tokens     []string
}

// Users returns the verb "user".
func Users(g *ask.Global) *cobra.Command {
	role, revoke := "", false
	add := ask.Changing(g, "add NAME", "make a user; the password is a line of standard input", func(a *ask.Asker, c *cobra.Command, args []string) error {
		password, err := typed.Password(c.InOrStdin(), c.ErrOrStderr())
		if err != nil {
			return err
		}
		return a.Said(c, "POST /users", map[string]any{"name": args[0], "role": role, "password": password}, [2]string{args[0] + " is " + role, "twinhop user rm " + args[0]})
	})
	add.Flags().StringVar(&role, "role", "viewer", "`role`: viewer, operator or admin")
	passwd := ask.Changing(g, "passwd NAME", "give a user another password, a line of standard input", func(a *ask.Asker, c *cobra.Command, args []string) error {
		password, err := typed.Password(c.InOrStdin(), c.ErrOrStderr())
		if err != nil {
			return err
		}
		return a.Said(c, "PATCH /users/"+url.PathEscape(args[0]), map[string]any{"password": password}, [2]string{args[0] + " has another password", ""})
	})
	turn := ask.Changing(g, "role NAME ROLE", "make a user viewer, operator or admin, at once", func(a *ask.Asker, c *cobra.Command, args []string) error {
		var before struct{ Items []user }
		if _, err := a.Read(c.Context(), "/users", &before); err != nil {
			return err
		}
		undo := ""
		if i := slices.IndexFunc(before.Items, func(u user) bool { return u.Name == args[0] }); i >= 0 {
			undo = "twinhop user role " + args[0] + " " + before.Items[i].Role
		}
		return a.Said(c, "PATCH /users/"+url.PathEscape(args[0]), map[string]any{"role": args[1]}, [2]string{args[0] + " is " + args[1], undo})
	})
	rm := ask.Changing(g, "rm NAME", "take a user away; never the last admin", func(a *ask.Asker, c *cobra.Command, args []string) error {
		return a.Said(c, "DELETE /users/"+url.PathEscape(args[0]), map[string]any{"revokeTokens": revoke}, [2]string{args[0] + " is gone", ""})
	})
	rm.Flags().BoolVar(&revoke, "revoke-tokens", false, "revoke the tokens that the user made")
	list := ask.Listing(g, ask.Table[user]{Short: "who may log in", Path: "/users", Header: []any{"USER", "ROLE", "LOGINS", "TOKENS"}, Row: func(u user) []any {
		return []any{u.Name, u.Role, u.Logins, ask.Dash(strings.Join(u.Tokens, " "))}
	}})
	return ask.Group("user", "who may log in to the admin of a running gateway", add, list, passwd, turn, rm)
}
