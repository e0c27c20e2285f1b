package sessions

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"twinhop/cmd/twinhop/ask"
	"twinhop/cmd/twinhop/ladder"
)

// sessionID is how the gateway calls a session.
var sessionID = regexp.MustCompile(`^s_[0-9a-f]{32}$`)

// resolve finds the one session that somebody means.
func (a *asker) resolve(ctx context.Context, what string) (string, error) {
	if sessionID.MatchString(what) {
		return what, nil
	}
	var found struct{ Items []session }
	if _, err := a.Read(ctx, "/sessions?"+url.Values{"q": {what}, "limit": {"11"}}.Encode(), &found); err != nil {
		return "", err
	}
	switch n := len(found.Items); {
	case n == 0:
		return "", ask.End(ask.NotFound, fmt.Errorf("no session is known by %q; what has expired is forgotten", what))
	case n > 1:
		var lines strings.Builder
		for i := range found.Items[:min(n, 10)] {
			s := &found.Items[i]
			fmt.Fprintf(&lines, "\n  %s  %s  %s", s.ID, s.Node, s.keys())
		}
		if n > 10 {
			lines.WriteString("\n  and more")
		}
		return "", ask.End(ask.Failed, fmt.Errorf("%q fits several sessions; name one of them:%s", what, lines.String()))
	}
	return found.Items[0].ID, nil
}

// Trace returns the verb "trace".
func Trace(g *ask.Global) *cobra.Command {
	a, follow, raw := of(g), false, uint64(0)
	c := ask.Verb("trace WHAT", "what passed for a session, HTTP and SIP on one clock, as a ladder", 1, func(c *cobra.Command, args []string) error {
		id, err := a.resolve(c.Context(), args[0])
		switch {
		case err != nil:
			return err
		case raw != 0:
			return a.text(c, id, raw)
		case !a.Output.Table():
			var all json.RawMessage
			if err := a.Do(c.Context(), "GET /sessions/"+id+"/timeline", nil, &all); err != nil {
				return err
			}
			return a.Output.Write(c.OutOrStdout(), all)
		}
		return a.ladder(c, id, follow)
	})
	c.Flags().BoolVarP(&follow, "follow", "f", false, "then what passes, until Ctrl-C")
	c.Flags().Uint64Var(&raw, "raw", 0, "the texts of one message, by its `number` in the ladder")
	c.Long = `trace draws what passed for one session: a lane for each client, the gateway and
each node, an arrow for each message, and at the gateway's lane by which rule it
decided. WHAT is anything that sessions find takes, as long as it fits one session.

Messages with a * behind their number have a text, which --raw N prints. Texts are
kept of sessions that somebody watches: twinhop sessions watch WHAT.`
	c.Example = "  twinhop trace alice\n  twinhop trace call:1-14346@127.0.0.1 -f\n  twinhop trace alice --raw 27"
	return c
}

// timeline is what the API says passed.
type timeline struct {
	Items   []ladder.Item
	Watched *time.Time `json:"watchedUntil"`
}

// ladder draws the timeline of a session, and goes on if that is wanted.
func (a *asker) ladder(c *cobra.Command, id string, follow bool) error {
	ctx, stop := signal.NotifyContext(c.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	out := c.OutOrStdout()
	var s session
	if _, err := a.Read(ctx, "/sessions/"+id, &s); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s on %s  %s\n", s.ID, s.Node, s.keys())
	d := ladder.Drawing{Width: 132}
	if width, _, ok := ask.Screen(out); ok {
		d.Width, d.Cut = width, !a.Output.Wide()
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for first := true; ; first = false {
		var t timeline
		_, err := a.Read(ctx, "/sessions/"+id+"/timeline", &t)
		switch {
		case ctx.Err() != nil:
			return ask.Exit{Code: ask.Interrupted}
		case err != nil:
			return err
		}
		a.draw(out, d.Lines(t.Items))
		if first && len(t.Items) == 0 {
			a.Talk(c, "nothing that passed is remembered")
		}
		if !follow {
			if t.Watched == nil {
				a.Talk(c, "No texts are kept of what passes from now on. To keep them: twinhop sessions watch %s", id)
			}
			return nil
		}
		select {
		case <-ctx.Done():
			return ask.Exit{Code: ask.Interrupted}
		case <-tick.C:
		}
	}
}

// draw prints lines in the colours of their tones.
func (a *asker) draw(w io.Writer, lines []ladder.Line) {
	colours := map[ladder.Tone]int{ladder.Head: ask.Bold, ladder.Note: ask.Dim, ladder.Move: ask.Yellow, ladder.Bad: ask.Red}
	for _, l := range lines {
		text := l.Text
		if colour, ok := colours[l.Tone]; ok {
			text = a.Paint(w, colour, text)
		}
		fmt.Fprintln(w, text)
	}
}

// text prints the texts that are kept of one message.
func (a *asker) text(c *cobra.Command, id string, n uint64) error {
	var m struct {
		Text, Answer string
		Texts        []struct{ Name, Text string }
	}
	raw, err := a.Read(c.Context(), fmt.Sprintf("/sessions/%s/messages/%d", id, n), &m)
	if err != nil {
		return err
	}
	if !a.Output.Table() {
		return a.Output.Write(c.OutOrStdout(), raw)
	}
	var all []string
	for _, t := range m.Texts {
		all = append(all, fmt.Sprintf("-- %s --\n%s", t.Name, lines(t.Text)))
	}
	if len(all) == 0 {
		all = append(all, lines(m.Text))
		if m.Answer != "" {
			all = append(all, lines(m.Answer))
		}
	}
	_, err = fmt.Fprintln(c.OutOrStdout(), strings.Join(all, "\n"))
	return err
}

// lines is a message as a terminal can show it: what would be obeyed is left out.
func lines(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return -1
		}
		return r
	}, s)
}
