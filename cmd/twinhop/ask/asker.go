package ask

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"twinhop/cmd/twinhop/remote"
	"twinhop/cmd/twinhop/typed"
)

// Asker is a verb that asks a running gateway.
type Asker struct {
	*Global
	Reason string // why something is changed
	Force  bool
	Trial  bool   // nothing is changed: what would follow is told
	Match  string // sent as If-Match unless empty
	ETag   string // of the last answer
}

// Asker returns what a verb asks with.
func (g *Global) Asker() Asker { return Asker{Global: g} }

// Changes adds the flags of verbs that change something. force says what it
// would be for; "": there is no such flag.
func (a *Asker) Changes(c *cobra.Command, force string) {
	c.Flags().StringVar(&a.Reason, "reason", "", "why, for those who read the log later")
	if force != "" {
		c.Flags().BoolVar(&a.Force, "force", false, force)
	}
}

// Tries adds the flag of those whose consequences the gateway tells beforehand.
func (a *Asker) Tries(c *cobra.Command) {
	c.Flags().BoolVar(&a.Trial, "dry-run", false, "change nothing: only tell what would follow")
}

// Do asks (see remote.Client.Do), and turns what the gateway says into an exit code.
func (a *Asker) Do(ctx context.Context, what string, in, out any) error {
	client, err := a.Client()
	if err != nil {
		return err
	}
	defer client.Close()
	if a.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, a.Timeout)
		defer cancel()
	}
	if a.Trial && !strings.HasPrefix(what, "GET ") {
		what += "?dryRun=true"
	}
	head := http.Header{}
	if a.Match != "" {
		head.Set("If-Match", a.Match)
	}
	err = client.With(ctx, what, head, remote.Body{In: in, Out: out})
	a.ETag = head.Get("ETag")
	return Coded(err)
}

// Coded gives what the gateway said its exit code.
func Coded(err error) error {
	var p *remote.Problem
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return End(Timeout, err)
	case !errors.As(err, &p):
		return err
	}
	switch p.Status {
	case http.StatusNotFound:
		return End(NotFound, err)
	case http.StatusForbidden, http.StatusUnauthorized:
		return End(NotAllowed, err)
	}
	return err
}

// Show prints an answer as -o says: as a table, or in one of the forms for
// programs.
func (a *Asker) Show(w io.Writer, answer any, table func(w io.Writer)) error {
	if a.Output.Table() {
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		table(t)
		return t.Flush()
	}
	text, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	return a.Output.Write(w, text)
}

// ShowTrial prints what would follow: each value of the answer with its name.
func (a *Asker) ShowTrial(c *cobra.Command, answer json.RawMessage) error {
	a.Talk(c, "Nothing was changed. It would be:")
	return a.Show(c.OutOrStdout(), answer, func(w io.Writer) { typed.Flat(w, answer) })
}

// Read asks for what is at a path and reads the answer into out; raw is as it came.
func (a *Asker) Read(ctx context.Context, path string, out any) (raw json.RawMessage, err error) {
	if err = a.Do(ctx, "GET "+path, nil, &raw); err == nil {
		err = json.Unmarshal(raw, out)
	}
	return raw, err
}

// Follow gives every event of a stream to each until somebody interrupts, which is no failure but has its own exit code.
// One that breaks is taken up again, and people are told.
func (a *Asker) Follow(c *cobra.Command, path string, each func(remote.Event) error) error {
	client, err := a.Client()
	if err != nil {
		return err
	}
	defer client.Close()
	ctx, stop := signal.NotifyContext(c.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err = client.Stream(ctx, path, each, func(err error) { a.Talk(c, "%v; trying again", err) })
	if ctx.Err() != nil {
		return Exit{Code: Interrupted}
	}
	return Coded(err)
}
