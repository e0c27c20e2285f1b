package sessions

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"twinhop/cmd/twinhop/ask"
)

// session is what the API says of a session, as far as tables show it.
type session struct {
	ID, Node     string
	Moved, Split bool
	Keys         []struct{ Space, Value, Node, Route string }
	Seen         string
	Why          []struct {
		Proto, Kind, Rule, Node string
	}
}

func (s *session) keys() string {
	var all []string
	for _, k := range s.Keys {
		text := k.Space + "=" + k.Value
		if k.Node != s.Node {
			text += "@" + k.Node
		}
		all = append(all, text)
	}
	return ask.Dash(strings.Join(all, " "))
}

// asker is a verb of this room.
type asker struct{ ask.Asker }

func of(g *ask.Global) *asker { return &asker{g.Asker()} }

// Command returns the verb "sessions".
func Command(g *ask.Global) *cobra.Command {
	return ask.Group("sessions", "list, find and move the application sessions of a running gateway",
		sessionsList(g), sessionsFind(g), sessionsShow(g), sessionsMove(g), sessionsForget(g), sessionsWatch(g), sessionsExport(g))
}

func sessionsList(g *ask.Global) *cobra.Command {
	a := of(g)
	var at, legs string
	var moved bool
	var limit int
	c := ask.Verb("list", "the sessions seen last", 0, func(c *cobra.Command, _ []string) error {
		q := url.Values{"limit": {strconv.Itoa(limit)}}
		for key, v := range map[string]string{"node": at, "legs": legs} {
			if v != "" {
				q.Set(key, v)
			}
		}
		if moved {
			q.Set("moved", "true")
		}
		_, err := a.sessions(c, q)
		return err
	})
	c.Flags().StringVar(&at, "node", "", "those that live on this `node`")
	c.Flags().StringVar(&legs, "legs", "", "those with a leg: `http`, sip or both")
	c.Flags().BoolVar(&moved, "moved", false, "those that were moved")
	c.Flags().IntVar(&limit, "limit", 50, "at most this many")
	return c
}

// sessions prints what a query finds, and tells how much that is.
func (a *asker) sessions(c *cobra.Command, q url.Values) (int, error) {
	var raw json.RawMessage
	if err := a.Do(c.Context(), "GET /sessions?"+q.Encode(), nil, &raw); err != nil {
		return 0, err
	}
	var list struct {
		Items []session
		Total struct {
			Value    int
			Relation string
		}
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		return 0, err
	}
	if n := list.Total; n.Value > len(list.Items) {
		defer a.Talk(c, "%d of %s%d sessions; --limit shows more", len(list.Items), map[string]string{"gte": "at least "}[n.Relation], n.Value)
	}
	return len(list.Items), a.Show(c.OutOrStdout(), raw, func(w io.Writer) {
		ask.Line(w, "SESSION", "NODE", "MOVED", "SEEN", "KEYS")
		for _, s := range list.Items {
			ask.Line(w, s.ID, s.Node, s.Moved, s.Seen, s.keys())
		}
	})
}

func sessionsFind(g *ask.Global) *cobra.Command {
	a := of(g)
	c := ask.Verb("find WHAT", "by any id: a JSESSIONID, a user, a Call-ID, key=value", 1, func(c *cobra.Command, args []string) error {
		n, err := a.sessions(c, url.Values{"q": {args[0]}})
		if err == nil && n == 0 {
			return ask.End(ask.NotFound, fmt.Errorf("no session is known by %q; what has expired is forgotten", args[0]))
		}
		return err
	})
	return c
}

func sessionsShow(g *ask.Global) *cobra.Command {
	a := of(g)
	c := ask.Verb("show WHAT", "one session, and why it is where it is", 1, func(c *cobra.Command, args []string) error {
		var raw json.RawMessage
		id, err := a.resolve(c.Context(), args[0])
		if err != nil {
			return err
		}
		if err := a.Do(c.Context(), "GET /sessions/"+id, nil, &raw); err != nil {
			return err
		}
		return a.showSession(c.OutOrStdout(), raw)
	})
	return c
}

func (a *asker) showSession(out io.Writer, raw json.RawMessage) error {
	var s session
	if err := json.Unmarshal(raw, &s); err != nil {
		return err
	}
	return a.Show(out, raw, func(w io.Writer) {
		ask.Line(w, "session", s.ID)
		ask.Line(w, "node", s.Node)
		ask.Line(w, "seen", s.Seen)
		for _, k := range s.Keys {
			ask.Line(w, k.Space, k.Value, k.Node, k.Route)
		}
		for _, y := range s.Why {
			ask.Line(w, "why", fmt.Sprintf("%s %s", y.Proto, y.Kind), y.Node, y.Rule)
		}
	})
}
