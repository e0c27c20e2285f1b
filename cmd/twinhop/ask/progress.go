package ask

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
)

// between is how often progress is told where no line can be written over.
const between = 10 * time.Second

// Progress tells how far something is: on a terminal in one line that is written over, else a line now and then.
type Progress struct {
	w      io.Writer
	screen bool
	said   time.Time
}

// Progress returns what tells how far something is, on standard error. With -q it is silent.
func (a *Asker) Progress(c *cobra.Command) *Progress {
	if a.Quiet {
		return &Progress{w: io.Discard}
	}
	_, _, screen := Screen(c.ErrOrStderr())
	return &Progress{w: c.ErrOrStderr(), screen: screen}
}

// Tell tells it, when it is time to.
func (p *Progress) Tell(text string) {
	switch {
	case p.screen:
		fmt.Fprintf(p.w, "\r%s\x1b[K", text)
	case time.Since(p.said) >= between:
		fmt.Fprintln(p.w, text)
	default:
		return
	}
	p.said = time.Now()
}

// End leaves the line.
func (p *Progress) End() {
	if p.screen && !p.said.IsZero() {
		fmt.Fprintln(p.w)
	}
}
