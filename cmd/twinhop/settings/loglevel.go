package settings

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"twinhop/cmd/twinhop/ask"
	"twinhop/gateway/config/form"
)

// loudness is what the API says of how much is logged.
type loudness struct {
	Level, Configured string
	Said              *struct {
		At, Until     time.Time
		Actor, Reason string
	}
}

// LogLevel returns the verb "loglevel".
func LogLevel(g *ask.Global) *cobra.Command {
	a, life := of(g), time.Duration(0)
	c := &cobra.Command{Use: "loglevel [LEVEL]", Short: "how much a running gateway logs, or more or less of it for a time"}
	c.RunE = func(c *cobra.Command, args []string) error {
		switch {
		case len(args) > 1:
			return ask.Usage("loglevel takes one level: debug, info, warn or error")
		case len(args) == 0 && (life != 0 || a.Reason != "" || a.Trial):
			return ask.Usage("loglevel needs a level: debug, info, warn or error")
		}
		var before loudness
		raw, err := a.Read(c.Context(), "/loglevel", &before)
		if err != nil || len(args) == 0 {
			return a.tellLevel(c, raw, err)
		}
		body := map[string]any{"level": args[0], "reason": a.Reason}
		if life != 0 {
			body["for"] = form.Short(life)
		}
		if err := a.Do(c.Context(), "PUT /loglevel", body, &raw); err != nil {
			return err
		}
		if a.Trial {
			a.Talk(c, "Nothing was changed. It would be:")
		} else if before.Level != args[0] {
			a.Undo(c, "twinhop loglevel "+before.Level)
		}
		return a.tellLevel(c, raw, nil)
	}
	c.Flags().DurationVar(&life, "for", 0, "how `long`, 1s to 24h; then it is as configured again. Without it, until a reload")
	a.Tries(c)
	a.Changes(c, "")
	c.Example = "  twinhop loglevel\n  twinhop loglevel debug --for 10m --reason 'calls fail'\n  twinhop loglevel info"
	return c
}

// tellLevel prints an answer.
func (a *asker) tellLevel(c *cobra.Command, raw json.RawMessage, err error) error {
	var l loudness
	if err == nil {
		err = json.Unmarshal(raw, &l)
	}
	if err != nil {
		return err
	}
	return a.Show(c.OutOrStdout(), raw, func(w io.Writer) {
		fmt.Fprintln(w, l.Level)
		switch s := l.Said; {
		case s == nil:
		case s.Until.IsZero():
			a.Talk(c, "# set by %s at %s %s; %s is configured", s.Actor, ask.Clock(s.At), s.Reason, l.Configured)
		default:
			a.Talk(c, "# set by %s until %s %s; then %s, as configured", s.Actor, ask.Clock(s.Until), s.Reason, l.Configured)
		}
	})
}
