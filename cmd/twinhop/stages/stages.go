package stages

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// Stage is a part of the process that runs for as long as the process does.
type Stage struct {
	Name string
	// Run serves until its context ends; a return before that is a failure of
	// the whole process.
	Run func(ctx context.Context) error
	// Drain refuses new work and returns when there is no old work left; nil
	// when the stage can stop at any time.
	Drain func(ctx context.Context) error
	// Finishes says that Run does the work of Drain when its context ends.
	Finishes bool
}

// Stages start in order and stop in the exact reverse. The fields are set
// before Start.
type Stages struct {
	List []Stage
	Log  *slog.Logger

	running []running
	failed  chan error
}

type running struct {
	Stage
	cancel context.CancelFunc
	done   chan struct{} // closed when run has returned
	err    error
}

// Start starts every stage in order. The stages do not end with ctx but by
// Stop: there is work to finish first.
func (s *Stages) Start(ctx context.Context) {
	s.failed = make(chan error, len(s.List))
	s.running = make([]running, len(s.List))
	for i, st := range s.List {
		own, cancel := context.WithCancel(context.WithoutCancel(ctx))
		r := &s.running[i]
		*r = running{Stage: st, cancel: cancel, done: make(chan struct{})}
		s.Log.Debug("start", "stage", st.Name)
		go s.serve(own, r)
	}
}

func (s *Stages) serve(ctx context.Context, r *running) {
	defer close(r.done)
	err := r.Run(ctx)
	if ctx.Err() == nil { // nobody asked it to end
		if err == nil {
			err = errors.New("ended by itself")
		}
		s.failed <- fmt.Errorf("%s: %w", r.Name, err)
		return
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		r.err = fmt.Errorf("%s: %w", r.Name, err)
	}
}

// Failed has the error of a stage that ended by itself: the process is to stop.
func (s *Stages) Failed() <-chan error { return s.failed }

// Finish lets every stage refuse new work at once and waits for the old work,
// together for no longer than grace.
func (s *Stages) Finish(grace time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	var wg sync.WaitGroup
	for i := range s.running {
		r := &s.running[i]
		switch {
		case r.Finishes:
			r.cancel()
			wg.Go(func() { <-r.done })
		case r.Drain != nil:
			wg.Go(func() {
				if err := r.Drain(ctx); err != nil {
					s.Log.Warn("not everything had ended", "stage", r.Name, "err", err)
				}
			})
		}
	}
	wg.Wait()
}

// patience is how long a stage may take to end once its work is finished or
// given up. The process ends then in any case.
const patience = 10 * time.Second

// Stop ends the stages in reverse, each after the one above it has ended. The
// error tells of every stage that failed since the start but the one that
// was read from Failed.
func (s *Stages) Stop() error {
	var all []error
	for i := len(s.running) - 1; i >= 0; i-- {
		r := &s.running[i]
		s.Log.Debug("stop", "stage", r.Name)
		r.cancel()
		timer := time.NewTimer(patience)
		select {
		case <-r.done:
			all = append(all, r.err)
		case <-timer.C:
			all = append(all, fmt.Errorf("%s: did not end within %s", r.Name, patience))
		}
		timer.Stop()
	}
	for len(s.failed) > 0 {
		all = append(all, <-s.failed)
	}
	return errors.Join(all...)
}
