package watching

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"twinhop/cmd/twinhop/ask"
)

// Top returns the verb "top".
func Top(g *ask.Global) *cobra.Command {
	a := of(g)
	every := 2 * time.Second
	c := ask.Verb("top", "nodes, rates and rules, again and again; once when the output is no terminal", 0, func(c *cobra.Command, _ []string) error {
		if every < 100*time.Millisecond {
			return ask.Usage("top: --interval is 100ms or more")
		}
		ctx, stop := signal.NotifyContext(c.Context(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		out := c.OutOrStdout()
		if _, _, ok := ask.Screen(out); !ok || !a.Output.Table() {
			return a.once(ctx, out)
		}
		return a.refresh(ctx, out, every)
	})
	c.Flags().DurationVar(&every, "interval", every, "`time` between two looks")
	c.Long = "top shows the nodes of a gateway, its rates and by which rules it decides, until Ctrl-C. Plain text and the few escape\nsequences that every terminal has."
	c.Example = "  twinhop top\n  twinhop top --interval 500ms -o wide"
	return c
}

// look reads everything once, as it came and understood.
func (a *asker) look(ctx context.Context) (v glance, raw json.RawMessage, err error) {
	raw, err = a.Read(ctx, "/overview", &v)
	return v, raw, err
}

// once prints one look.
func (a *asker) once(ctx context.Context, out io.Writer) error {
	v, raw, err := a.look(ctx)
	if err != nil {
		return err
	}
	if !a.Output.Table() {
		return a.Output.Write(out, raw)
	}
	print(out, a.screen(out, &v))
	return nil
}

// screen is all that top shows.
func (a *asker) screen(w io.Writer, v *glance) []string {
	lines := append(v.head(a.Global, w), "")
	lines = append(lines, v.rows(a.Global, w, a.Output.Wide())...)
	lines = append(lines, "", "HTTP by  "+rules(v.Rules.HTTP, 6), "SIP by   "+rules(v.Rules.SIP, 6), "")
	return append(lines, v.recent(10)...)
}

// refresh shows it until ctx ends. A gateway that does not answer may come back.
func (a *asker) refresh(ctx context.Context, out io.Writer, every time.Duration) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	io.WriteString(out, "\x1b[?25l\x1b[2J") // without a cursor
	defer io.WriteString(out, "\x1b[?25h\n")
	for {
		v, _, err := a.look(ctx)
		if ctx.Err() != nil {
			return nil
		}
		lines := []string{ask.Clock(time.Now()) + "  Ctrl-C ends"}
		if err != nil {
			lines = append(lines, a.Paint(out, ask.Red, err.Error()))
		} else {
			lines = append(lines, a.screen(out, &v)...)
		}
		width, height, _ := ask.Screen(out)
		io.WriteString(out, frame(lines, width, height))
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// frame puts lines where those before were: each as wide as the screen at most, and not more of them than it is high.
func frame(lines []string, width, height int) string {
	var b strings.Builder
	b.WriteString("\x1b[H")
	for i, l := range lines[:min(len(lines), max(height-1, 1))] {
		if i > 0 {
			b.WriteString("\r\n")
		}
		b.WriteString(clip(l, width) + "\x1b[0m\x1b[K")
	}
	b.WriteString("\x1b[J")
	return b.String()
}

// clip cuts a line; escape sequences of colours take no room.
func clip(line string, width int) string {
	if width <= 0 {
		return line
	}
	n, escaped := 0, false
	for i, r := range line {
		switch {
		case escaped:
			escaped = r != 'm'
		case r == '\x1b':
			escaped = true
		default:
			if n++; n > width {
				return line[:i]
			}
		}
	}
	return line
}
