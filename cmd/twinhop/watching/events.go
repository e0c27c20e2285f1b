package watching

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"twinhop/cmd/twinhop/ask"
	"twinhop/cmd/twinhop/remote"
)

// event is what the API says of one.
type event struct {
	ID, Type, Severity, Text, Node, Session, Actor string
	At                                             time.Time
	Count                                          int
}

// severities, the least first.
var severities = []string{"info", "warn", "bad"}

// filter is what events are wanted.
type filter struct {
	kind, severity, node, session, actor, text string
	since, until                               string
	limit                                      int
}

func (f *filter) flags(c *cobra.Command) {
	for name, x := range map[string]struct {
		to   *string
		help string
	}{"type": {&f.kind, "whose type begins so: `node`, session.moved, auth"}, "severity": {&f.severity, "at least so `bad`: info, warn or bad"},
		"node": {&f.node, "of this `node`"}, "session": {&f.session, "of this `session`"}, "actor": {&f.actor, "by this `user`, token:NAME or local"},
		"grep": {&f.text, "with this `text`"}} {
		c.Flags().StringVar(x.to, name, "", x.help)
	}
	period(c, &f.since, &f.until)
	c.Flags().IntVar(&f.limit, "limit", 50, "the last `n`")
}

func period(c *cobra.Command, since, until *string) {
	c.Flags().StringVar(since, "since", "", "not before this `time`: 15m (ago), 2006-01-02 or 2006-01-02T15:04:05Z")
	c.Flags().StringVar(until, "until", "", "not after this `time`")
}

// query is that of the API.
func query(words map[string]string, since, until string, limit int) (string, error) {
	q := url.Values{"limit": {strconv.Itoa(limit)}}
	for name, s := range words {
		if s != "" {
			q.Set(name, s)
		}
	}
	for name, s := range map[string]string{"since": since, "until": until} {
		if s == "" {
			continue
		}
		t, err := ask.Moment(s, time.Now())
		if err != nil {
			return "", ask.Usage("--%s: %w", name, err)
		}
		q.Set(name, t.UTC().Format("2006-01-02T15:04:05.000Z"))
	}
	return q.Encode(), nil
}

func (f *filter) query() (string, error) {
	if f.severity != "" && !slices.Contains(severities, f.severity) {
		return "", ask.Usage("--severity: %q is none of %s", f.severity, strings.Join(severities, ", "))
	}
	return query(map[string]string{"type": f.kind, "severity": f.severity, "node": f.node, "session": f.session, "actor": f.actor, "q": f.text}, f.since, f.until, f.limit)
}

// wants tells whether an event of the stream is one of those.
func (f *filter) wants(e *event) bool {
	return strings.HasPrefix(e.Type, f.kind) && slices.Index(severities, e.Severity) >= slices.Index(severities, f.severity) &&
		(f.node == "" || f.node == e.Node) && (f.session == "" || f.session == e.Session) && (f.actor == "" || f.actor == e.Actor) &&
		strings.Contains(strings.ToLower(e.Text), strings.ToLower(f.text))
}

// Events returns the verb "events".
func Events(g *ask.Global) *cobra.Command {
	a, f, follow := of(g), filter{}, false
	c := ask.Verb("events", "what happened, the last at the end; -f waits for more", 0, func(c *cobra.Command, _ []string) error {
		q, err := f.query()
		if err != nil {
			return err
		}
		var page struct{ Items []json.RawMessage }
		raw, err := a.Read(c.Context(), "/events?"+q, &page)
		if err != nil {
			return err
		}
		out := c.OutOrStdout()
		if !follow && !a.Output.Table() {
			return a.Output.Write(out, raw)
		}
		last := time.Time{}
		for _, item := range slices.Backward(page.Items) { // the API has the newest first
			var e event
			if err := json.Unmarshal(item, &e); err != nil {
				return err
			}
			last = e.At
			if err := a.event(out, item, &e); err != nil {
				return err
			}
		}
		if !follow {
			return nil
		}
		return a.events(c, &f, last)
	})
	f.flags(c)
	c.Flags().BoolVarP(&follow, "follow", "f", false, "then those that happen, until Ctrl-C; with -o json a line each")
	c.Example = "  twinhop events --since 1h --severity warn\n  twinhop events -f --node node1\n  twinhop events -f -o json | jq -r .text"
	return c
}

// events prints those that happen from now on: what the list had, up to last, is not told again.
func (a *asker) events(c *cobra.Command, f *filter, last time.Time) error {
	return a.Follow(c, "/stream?topics=events", func(s remote.Event) error {
		var e event
		switch {
		case s.Name == "resync":
			a.Talk(c, "some events were missed")
			return nil
		case s.Name != "event":
			return nil
		case json.Unmarshal([]byte(s.Data), &e) != nil || !f.wants(&e) || !e.At.After(last):
			return nil
		}
		return a.event(c.OutOrStdout(), []byte(s.Data), &e)
	})
}

// wide adds what the text may leave out.
func (e *event) wide(text string) string {
	for _, s := range []string{"node " + e.Node, "session " + e.Session, "by " + e.Actor, e.ID} {
		if name, value, _ := strings.Cut(s, " "); value != "" || name == e.ID && name != "" {
			text += "  " + s
		}
	}
	return text
}

// event prints one: as a line of text, or of JSON.
func (a *asker) event(w io.Writer, raw []byte, e *event) error {
	if !a.Output.Table() {
		_, err := fmt.Fprintf(w, "%s\n", raw)
		return err
	}
	text := e.Text
	if e.Count > 1 {
		text += fmt.Sprintf(" (%d times)", e.Count)
	}
	if a.Output.Wide() {
		text = e.wide(text)
	}
	paint := map[string]int{"warn": ask.Yellow, "bad": ask.Red}[e.Severity]
	line := fmt.Sprintf("%s  %-4s  %-17s  %s", ask.Clock(e.At), e.Severity, e.Type, text)
	if paint != 0 {
		line = a.Paint(w, paint, line)
	}
	_, err := fmt.Fprintln(w, line)
	return err
}
