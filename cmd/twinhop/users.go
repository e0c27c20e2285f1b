package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"twinhop/cmd/twinhop/typed"
)

// user is what the API says of a user.
type user struct {
	Name, Role string
	Logins     int
	Tokens     []string
}

func userCommand() *cobra.Command {
	role, revoke := "", false
	add := changing("add NAME", "make a user; the password is a line of standard input", 1, func(a *asker, c *cobra.Command, args []string) error {
		password, err := typed.Password(c.InOrStdin(), c.ErrOrStderr())
		if err != nil {
			return err
		}
		return a.said(c, "POST /users", map[string]any{"name": args[0], "role": role, "password": password}, args[0]+" is "+role)
	})
	add.Flags().StringVar(&role, "role", "viewer", "`role`: viewer, operator or admin")
	passwd := changing("passwd NAME", "give a user another password, a line of standard input", 1, func(a *asker, c *cobra.Command, args []string) error {
		password, err := typed.Password(c.InOrStdin(), c.ErrOrStderr())
		if err != nil {
			return err
		}
		return a.said(c, "PATCH /users/"+url.PathEscape(args[0]), map[string]any{"password": password}, args[0]+" has another password")
	})
	turn := changing("role NAME ROLE", "make a user viewer, operator or admin, at once", 2, func(a *asker, c *cobra.Command, args []string) error {
		return a.said(c, "PATCH /users/"+url.PathEscape(args[0]), map[string]any{"role": args[1]}, args[0]+" is "+args[1])
	})
	rm := changing("rm NAME", "take a user away; never the last admin", 1, func(a *asker, c *cobra.Command, args []string) error {
		return a.said(c, "DELETE /users/"+url.PathEscape(args[0]), map[string]any{"revokeTokens": revoke}, args[0]+" is gone")
	})
	rm.Flags().BoolVar(&revoke, "revoke-tokens", false, "revoke the tokens that the user made")
	list := listing("who may log in", "/users", []any{"USER", "ROLE", "LOGINS", "TOKENS"}, func(u user) []any {
		return []any{u.Name, u.Role, u.Logins, dash(strings.Join(u.Tokens, " "))}
	})
	return group("user", "who may log in to the admin of a running gateway", add, list, passwd, turn, rm)
}

// changing is a verb that changes something, for a reason.
func changing(use, short string, n int, ask func(a *asker, c *cobra.Command, args []string) error) *cobra.Command {
	a := &asker{}
	c := verb(use, short, n, func(c *cobra.Command, args []string) error { return ask(a, c, args) })
	a.changes(c, "")
	return c
}

// said asks for a change and prints what is true then, or the answer.
func (a *asker) said(c *cobra.Command, what string, body map[string]any, now string) error {
	raw := json.RawMessage("{}")
	body["reason"] = a.reason
	if err := a.do(c.Context(), what, body, &raw); err != nil {
		return err
	}
	return a.show(c.OutOrStdout(), raw, func(w io.Writer) { fmt.Fprintln(w, now) })
}

// listing is a verb that shows all of something.
func listing[T any](short, path string, header []any, row func(T) []any) *cobra.Command {
	a := &asker{}
	c := verb("list", short, 0, func(c *cobra.Command, _ []string) error {
		var raw json.RawMessage
		var list struct{ Items []T }
		err := a.do(c.Context(), "GET "+path, nil, &raw)
		if err == nil {
			err = json.Unmarshal(raw, &list)
		}
		if err != nil {
			return err
		}
		return a.show(c.OutOrStdout(), raw, func(w io.Writer) {
			line(w, header...)
			for _, x := range list.Items {
				line(w, row(x)...)
			}
		})
	})
	a.flags(c)
	return c
}
