package demo

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"twinhop/cmd/twinhop/assembly"
)

// step is one thing the tour shows. do does it through the gateway and tells what was seen.
type step struct {
	title string
	do    func(ctx context.Context, s *stage) (seen string, err error)
}

// steps are the tour, in order.
var steps = []step{
	{"an HTTP session sticks", stepSticky},
	{"click-to-call: both calls on the node of the page", stepClick},
	{"page first, then a call to the same user", stepPageFirst},
	{"call first, then the page of the same user", stepCallFirst},
	{"drain: new sessions avoid the node, old ones stay", stepDrain},
	{"a node dies mid-call", stepKill},
	{"SIP moves first: HTTP follows by a rewritten cookie", stepRewrite},
	{"SIP moves first: HTTP follows by one redirect", stepRedirect},
	{"outbound proxy: two calls use two nodes", stepProxy},
}

// stepTime bounds one step.
const stepTime = 30 * time.Second

// errFailed: a step of the tour failed, and that was printed.
var errFailed = fmt.Errorf("%w: the tour of the demo failed", assembly.ErrReported)

// tour runs the steps and prints for each what was seen, and the sum.
func tour(ctx context.Context, s *stage, steps []step, out io.Writer) error {
	passed, failed := 0, 0
	for i, st := range steps {
		one, cancel := context.WithTimeout(ctx, stepTime)
		seen, err := st.do(one, s)
		cancel()
		if ctx.Err() != nil {
			return fmt.Errorf("the tour was stopped in step %d: %w", i+1, context.Cause(ctx))
		}
		if err != nil {
			failed++
			fmt.Fprintf(out, "FAIL %d  %s\n        %s\n", i+1, st.title, strings.ReplaceAll(err.Error(), "\n", "\n        "))
			continue
		}
		passed++
		fmt.Fprintf(out, "ok   %d  %s\n        %s\n", i+1, st.title, seen)
	}
	fmt.Fprintf(out, "%d passed, %d failed\n", passed, failed)
	if failed > 0 {
		return errFailed
	}
	return nil
}

// want complains unless got is what it should be.
func want[T comparable](what string, got, should T) error {
	if got != should {
		return fmt.Errorf("%s: %v, want %v", what, got, should)
	}
	return nil
}
