package nodes

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"twinhop/cmd/twinhop/ask"
)

// operation is what the API says of a drain.
type operation struct {
	ID, Node, State, Why string
	Total, Remaining     struct {
		Sessions, Calls int
		Requests        int64
	}
	TookMs int64
}

// goesOn says that the drain does, whoever waits for it.
func (o *operation) goesOn() error {
	return fmt.Errorf("%s still holds %d sessions and %d calls; it goes on draining: operation %s", o.Node, o.Remaining.Sessions, o.Remaining.Calls, o.ID)
}

func nodesDrain(g *ask.Global) *cobra.Command {
	a := of(g)
	var stop, cancel bool
	var wait time.Duration
	c := ask.Verb("drain NODE", "give it nothing new until it holds nothing any more", 1, func(c *cobra.Command, args []string) error {
		if cancel {
			return a.cancelDrain(c, args[0])
		}
		body := map[string]any{"stop": stop, "force": a.Force, "reason": a.Reason}
		var raw json.RawMessage
		if err := a.Do(c.Context(), "POST "+nodePath(args[0], "/actions/drain"), body, &raw); err != nil {
			return err
		}
		if a.Trial {
			return a.ShowTrial(c, raw)
		}
		a.Undo(c, "twinhop nodes drain "+args[0]+" --cancel")
		if wait == 0 {
			return a.showOperation(c.OutOrStdout(), raw)
		}
		return a.await(c, raw, wait)
	})
	c.Flags().BoolVar(&stop, "stop", false, "stop the node when it is empty")
	c.Flags().BoolVar(&cancel, "cancel", false, "end the drain that is under way: the node is as it was before")
	c.Flags().DurationVar(&wait, "wait", 0, "wait until it is empty, at most for this `time`; the exit code is 6 if it is not then")
	a.Tries(c)
	a.Changes(c, "even if no other node can be given new work then")
	return c
}

func (a *asker) showOperation(out io.Writer, raw json.RawMessage) error {
	var o operation
	if err := json.Unmarshal(raw, &o); err != nil {
		return err
	}
	return a.Show(out, raw, func(w io.Writer) {
		ask.Line(w, "operation", o.ID)
		ask.Line(w, "node", o.Node)
		ask.Line(w, "state", strings.TrimSpace(o.State+" "+o.Why))
		ask.Line(w, "sessions", fmt.Sprintf("%d of %d", o.Remaining.Sessions, o.Total.Sessions))
		ask.Line(w, "calls", fmt.Sprintf("%d of %d", o.Remaining.Calls, o.Total.Calls))
		ask.Line(w, "requests", o.Remaining.Requests)
	})
}

// await follows a drain to its end and tells now and then how far it is.
func (a *asker) await(c *cobra.Command, raw json.RawMessage, most time.Duration) error {
	ctx, cancel := context.WithTimeout(c.Context(), most)
	defer cancel()
	interrupt := make(chan os.Signal, 1)
	signal.Notify(interrupt, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(interrupt)
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	told := a.Progress(c)
	defer told.End()
	for {
		var o operation
		if err := json.Unmarshal(raw, &o); err != nil {
			return err
		}
		switch {
		case o.State == "done":
			return a.showOperation(c.OutOrStdout(), raw)
		case o.State != "running":
			return ask.End(ask.Failed, fmt.Errorf("the drain of %s is %s: %s", o.Node, o.State, o.Why))
		default:
			told.Tell(fmt.Sprintf("%s: %d sessions, %d calls, %d requests left", o.Node, o.Remaining.Sessions, o.Remaining.Calls, o.Remaining.Requests))
		}
		select {
		case <-ctx.Done():
			return ask.End(ask.Timeout, o.goesOn())
		case <-interrupt:
			return ask.End(ask.Interrupted, o.goesOn())
		case <-tick.C:
		}
		if err := a.Do(ctx, "GET /operations/"+o.ID, nil, &raw); err != nil && ctx.Err() == nil {
			return err
		}
	}
}

// drains are the operations, the newest first.
func (a *asker) drains(ctx context.Context) (list []operation, raw json.RawMessage, err error) {
	if err := a.Do(ctx, "GET /operations", nil, &raw); err != nil {
		return nil, nil, err
	}
	var page struct{ Items []operation }
	err = json.Unmarshal(raw, &page)
	return page.Items, raw, err
}

// cancelDrain cancels the drain of a node.
func (a *asker) cancelDrain(c *cobra.Command, node string) error {
	list, _, err := a.drains(c.Context())
	if err != nil {
		return err
	}
	for _, o := range list {
		if o.Node == node && o.State == "running" {
			var raw json.RawMessage
			if err := a.Do(c.Context(), "DELETE /operations/"+o.ID, map[string]any{}, &raw); err != nil {
				return err
			}
			return a.showOperation(c.OutOrStdout(), raw)
		}
	}
	return ask.End(ask.NotFound, fmt.Errorf("%s is not being drained", node))
}

func nodesDrains(g *ask.Global) *cobra.Command {
	a := of(g)
	c := ask.Verb("drains", "drains under way and lately ended", 0, func(c *cobra.Command, _ []string) error {
		list, raw, err := a.drains(c.Context())
		if err != nil {
			return err
		}
		return a.Show(c.OutOrStdout(), raw, func(w io.Writer) {
			ask.Line(w, "OPERATION", "NODE", "STATE", "SESSIONS", "CALLS", "REQUESTS", "TOOK")
			for _, o := range list {
				ask.Line(w, o.ID, o.Node, o.State, fmt.Sprintf("%d of %d", o.Remaining.Sessions, o.Total.Sessions), fmt.Sprintf("%d of %d", o.Remaining.Calls, o.Total.Calls),
					o.Remaining.Requests, (time.Duration(o.TookMs) * time.Millisecond).Round(100*time.Millisecond))
			}
		})
	})
	return c
}
