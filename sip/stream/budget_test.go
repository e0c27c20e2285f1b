package stream

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"testing/synctest"
)

// Two pools of a process that may have ten files open: six connections are accepted by both together, and two dialled, and a place that
// becomes free is taken by either.
func TestBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		budget := &Budget{Files: 10}
		bench := func() (*Pool, *pipes, *ear) {
			e, l := newEar(), newPipes()
			s := &Pool{Listener: l, Budget: budget, Dial: func(context.Context, Peer) (net.Conn, error) {
				ours, theirs := net.Pipe()
				t.Cleanup(func() { theirs.Close() })
				return ours, nil
			}}
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- s.Run(ctx, e) }()
			t.Cleanup(func() {
				cancel()
				l.Close()
				<-done
				if n := budget.accepted.Load(); n < 0 || n > 6 {
					t.Error(n)
				}
			})
			synctest.Wait()
			return s, l, e
		}
		one, l1, _ := bench()
		two, l2, _ := bench()
		var conns []net.Conn
		for i := range 10 {
			l := l1
			if i%2 == 1 {
				l = l2
			}
			conns = append(conns, l.connect(at(fmt.Sprintf("192.0.2.%d:33000", i+1))))
			synctest.Wait()
		}
		if a, b := one.Stats(), two.Stats(); a.Open != 3 || b.Open != 3 || a.RefusedTotal != 2 || b.RefusedTotal != 2 {
			t.Errorf("%+v, %+v", a, b)
		}
		conns[0].Close()
		synctest.Wait()
		l2.connect(at("192.0.2.99:33000"))
		synctest.Wait()
		if a, b := one.Stats(), two.Stats(); a.Open != 2 || b.Open != 4 {
			t.Errorf("%+v, %+v", a, b)
		}
		for i, want := range []error{nil, nil, ErrFull} {
			s := [...]*Pool{one, two, two}[i]
			if err := s.Send([]byte("x"), at(fmt.Sprintf("198.51.100.%d:5060", i+1))); !errors.Is(err, want) {
				t.Errorf("%d: %v, want %v", i, err, want)
			}
		}
	})
}

// What the process may open is asked of the system.
func TestBudgetOfTheProcess(t *testing.T) {
	var b Budget
	b.accepted.Store(int64(openFiles()) * acceptedShare / 100)
	if b.take(false) {
		t.Error("more than 60 % of the files")
	}
	if !b.take(true) {
		t.Error("what is accepted must not keep us from dialling")
	}
	b.accepted.Add(-1)
	if !b.take(false) {
		t.Error("not even 60 % of the files")
	}
}
