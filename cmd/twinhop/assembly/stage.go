package assembly

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// stage is a part of the process that runs for as long as the process does.
type stage struct {
	name string
	// run serves until its context ends; a return before that is a failure of
	// the whole process.
	run func(ctx context.Context) error
	// drain refuses new work and returns when there is no old work left; nil
	// when the stage can stop at any time.
	drain func(ctx context.Context) error
	// finishes says that run does the work of drain when its context ends.
	finishes bool
}

// stages start in order and stop in the exact reverse.
type stages struct {
	list []stage
	log  *slog.Logger

	running []running
	failed  chan error
}

type running struct {
	stage
	cancel context.CancelFunc
	done   chan struct{} // closed when run has returned
	err    error
}

// start starts every stage in order. The stages do not end with ctx but by
// stop: there is work to finish first.
func (s *stages) start(ctx context.Context) {
	s.failed = make(chan error, len(s.list))
	s.running = make([]running, len(s.list))
	for i, st := range s.list {
		own, cancel := context.WithCancel(context.WithoutCancel(ctx))
		r := &s.running[i]
		*r = running{stage: st, cancel: cancel, done: make(chan struct{})}
		s.log.Debug("start", "stage", st.name)
		go s.serve(own, r)
	}
}

func (s *stages) serve(ctx context.Context, r *running) {
	defer close(r.done)
	err := r.run(ctx)
	if ctx.Err() == nil { // nobody asked it to end
		if err == nil {
			err = errors.New("ended by itself")
		}
		s.failed <- fmt.Errorf("%s: %w", r.name, err)
		return
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		r.err = fmt.Errorf("%s: %w", r.name, err)
	}
}

// finish lets every stage refuse new work at once and waits for the old work,
// together for no longer than grace.
func (s *stages) finish(grace time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	var wg sync.WaitGroup
	for i := range s.running {
		r := &s.running[i]
		switch {
		case r.finishes:
			r.cancel()
			wg.Go(func() { <-r.done })
		case r.drain != nil:
			wg.Go(func() {
				if err := r.drain(ctx); err != nil {
					s.log.Warn("not everything had ended", "stage", r.name, "err", err)
				}
			})
		}
	}
	wg.Wait()
}

// patience is how long a stage may take to end once its work is finished or
// given up. The process ends then in any case.
const patience = 10 * time.Second

// stop ends the stages in reverse, each after the one above it has ended. The
// error tells of every stage that failed since the start but the one that
// was read from failed.
func (s *stages) stop() error {
	var all []error
	for i := len(s.running) - 1; i >= 0; i-- {
		r := &s.running[i]
		s.log.Debug("stop", "stage", r.name)
		r.cancel()
		timer := time.NewTimer(patience)
		select {
		case <-r.done:
			all = append(all, r.err)
		case <-timer.C:
			all = append(all, fmt.Errorf("%s: did not end within %s", r.name, patience))
		}
		timer.Stop()
	}
	for len(s.failed) > 0 {
		all = append(all, <-s.failed)
	}
	return errors.Join(all...)
}
