package stages

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// diary notes what happened, in order.
type diary struct {
	mu    sync.Mutex
	lines []string
}

func (d *diary) note(s string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, s)
}

func (d *diary) stage(name string) Stage {
	return Stage{Name: name, Run: func(ctx context.Context) error {
		d.note("start " + name)
		<-ctx.Done()
		d.note("stop " + name)
		return nil
	}}
}

func newStages(list ...Stage) *Stages {
	return &Stages{List: list, Log: slog.New(slog.DiscardHandler)}
}

func TestStagesStopInReverse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		s := newStages(d.stage("a"), d.stage("b"), d.stage("c"))
		ctx, cancel := context.WithCancel(t.Context())
		s.Start(ctx)
		synctest.Wait()
		cancel() // the end of the parent ends nothing: work is to be finished
		synctest.Wait()
		d.note("asked")
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
		slices.Sort(d.lines[:3])
		if got := strings.Join(d.lines, ", "); got != "start a, start b, start c, asked, stop c, stop b, stop a" {
			t.Error(got)
		}
	})
}

// Every front refuses new work at once; the old work of all has the grace
// together.
func TestFinishSharesTheGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		slow := d.stage("slow")
		slow.Drain = func(ctx context.Context) error {
			d.note("drain slow")
			<-ctx.Done()
			return ctx.Err()
		}
		quick := d.stage("quick")
		quick.Drain = func(context.Context) error { d.note("drain quick"); return nil }
		own := Stage{Name: "own", Finishes: true, Run: func(ctx context.Context) error {
			<-ctx.Done()
			time.Sleep(3 * time.Second) // requests in flight
			d.note("own ended")
			return nil
		}}
		s := newStages(slow, quick, own)
		s.Start(t.Context())
		begin := time.Now()
		s.Finish(time.Minute)
		if took := time.Since(begin); took != time.Minute {
			t.Errorf("took %s, want the whole grace", took)
		}
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
		got := strings.Join(d.lines, ", ")
		for _, want := range []string{"drain slow", "drain quick", "own ended, stop quick, stop slow"} {
			if !strings.Contains(got, want) {
				t.Errorf("no %q in %s", want, got)
			}
		}
	})
}

func TestAStageThatEndsIsAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		boom := errors.New("boom")
		s := newStages(Stage{Name: "fails", Run: func(context.Context) error { return boom }},
			Stage{Name: "ends", Run: func(context.Context) error { return nil }})
		s.Start(t.Context())
		synctest.Wait()
		first := <-s.Failed()
		all := errors.Join(first, s.Stop())
		if !errors.Is(all, boom) || !strings.Contains(all.Error(), "ends: ended by itself") {
			t.Error(all)
		}
	})
}

func TestErrorsOfTheEndAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		full := errors.New("disk full")
		s := newStages(Stage{Name: "store", Run: func(ctx context.Context) error { <-ctx.Done(); return full }})
		s.Start(t.Context())
		synctest.Wait()
		if err := s.Stop(); !errors.Is(err, full) || !strings.Contains(err.Error(), "store: ") {
			t.Error(err)
		}
	})
}

// A stage that hangs does not keep the process from ending.
func TestStopHasPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		var d diary
		s := newStages(d.stage("below"), Stage{Name: "hangs", Run: func(context.Context) error { <-release; return nil }})
		s.Start(t.Context())
		synctest.Wait()
		err := s.Stop()
		if err == nil || !strings.Contains(err.Error(), "hangs: did not end within 10s") {
			t.Error(err)
		}
		if !slices.Contains(d.lines, "stop below") {
			t.Error("the stage below was not stopped")
		}
		close(release)
	})
}
