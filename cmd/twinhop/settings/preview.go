package settings

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"twinhop/cmd/twinhop/ask"
)

// mark is a key of a message, as it may be shown.
type mark struct {
	Source, Name, Text string
	Share              float64
	Count              int
}

func (m mark) String() string {
	name := m.Source
	if m.Name != "" {
		name += " " + m.Name
	}
	return name + "=" + m.Text
}

// outlook is what the API says would have become of recent traffic.
type outlook struct {
	Recorded, Unchanged, WouldMove, NewlySticky, Lost int
	Since, Until                                      *time.Time
	Proto                                             struct{ HTTP, SIP int }
	Examples                                          []struct {
		Class, Proto, Node, To, Rule, With string
		At                                 time.Time
		Before, After                      []mark
	}
	Groups   struct{ Before, After []mark }
	Warnings []fault
	Changed  []string
	Restart  []string
}

func affinityPreview(g *ask.Global) *cobra.Command {
	a, last := of(g), 10000
	c := ask.Verb("preview FILE", "where recent messages would have gone with what a file says; changes nothing", 1, func(c *cobra.Command, args []string) error {
		doc, err := draft(c, args[0])
		if err != nil {
			return err
		}
		var raw json.RawMessage
		if err := a.Do(c.Context(), "POST /affinity/preview", map[string]any{"affinity": doc, "last": last}, &raw); err != nil {
			return err
		}
		var o outlook
		if err := json.Unmarshal(raw, &o); err != nil {
			return err
		}
		if !a.Output.Table() {
			return a.Output.Write(c.OutOrStdout(), raw)
		}
		o.print(c.OutOrStdout(), a.Output.Wide())
		return nil
	})
	c.Flags().IntVar(&last, "last", last, "try it on the last `n` messages")
	return c
}

// share is how many of all, for people.
func (o *outlook) share(n int) string {
	if o.Recorded == 0 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%d (%.1f %%)", n, 100*float64(n)/float64(o.Recorded))
}

func (o *outlook) print(out io.Writer, wide bool) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	ask.Line(w, "messages", fmt.Sprintf("%d: %d HTTP, %d SIP", o.Recorded, o.Proto.HTTP, o.Proto.SIP))
	if o.Since != nil && o.Until != nil {
		ask.Line(w, "from", ask.Clock(*o.Since)+" to "+ask.Clock(*o.Until))
	}
	ask.Line(w, "unchanged", o.share(o.Unchanged))
	ask.Line(w, "would move", o.share(o.WouldMove))
	ask.Line(w, "newly sticky", o.share(o.NewlySticky))
	ask.Line(w, "no longer sticky", o.share(o.Lost))
	for _, f := range o.Warnings {
		ask.Line(w, "warning", f.String())
	}
	most := 5
	if wide {
		most = len(o.Examples)
	}
	if len(o.Examples) > 0 {
		ask.Line(w, "\nCLASS", "PROTO", "WENT TO", "WOULD GO TO", "WHY")
		for _, x := range o.Examples[:min(most, len(o.Examples))] {
			ask.Line(w, x.Class, x.Proto, ask.Dash(x.Node), ask.Dash(x.To), x.With)
		}
	}
	for i, list := range [][]mark{o.Groups.Before, o.Groups.After} {
		if len(list) == 0 {
			continue
		}
		ask.Line(w, []string{"\nMOST FREQUENT NOW", "\nMOST FREQUENT THEN"}[i], "SHARE", "MESSAGES")
		for _, m := range list[:min(max(most, 5), len(list))] {
			ask.Line(w, m, fmt.Sprintf("%.1f %%", 100*m.Share), m.Count)
		}
	}
	_ = w.Flush() // what it is written to tells, too
}
