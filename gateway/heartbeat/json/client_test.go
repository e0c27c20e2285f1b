package json

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A node of ours stays registered whatever becomes of the gateway, and leaves
// when it ends.
func TestClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := begin(t, func(s *Server) { s.Secret = []byte("key") })
		defer s.stop()
		c := s.client("10.0.0.1")
		var mu sync.Mutex
		var failed []string
		ctx, stop := context.WithCancel(t.Context())
		var run sync.WaitGroup
		s.wire.cut.Store(true)
		run.Go(func() {
			c.Run(ctx, func(err error) {
				mu.Lock()
				failed = append(failed, err.Error())
				mu.Unlock()
			})
		})
		time.Sleep(7 * time.Second)
		s.want("")
		s.wire.cut.Store(false)
		time.Sleep(time.Minute)
		s.want("ours")
		s.wire.cut.Store(true)
		time.Sleep(20 * time.Second)
		s.want("")
		s.wire.cut.Store(false)
		time.Sleep(11 * time.Second)
		s.want("ours")
		stop()
		run.Wait()
		s.want("")
		mu.Lock()
		defer mu.Unlock()
		if n := len(failed); n < 4 || n > 8 || !strings.Contains(strings.Join(failed, " "), "no route to host") {
			t.Errorf("failed %d times: %q", n, failed)
		}
	})
}

// One that ends as if it was killed is listed until its silence is noticed.
func TestAbruptClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := begin(t, nil)
		defer s.stop()
		c := s.client("10.0.0.1")
		c.Abrupt = true
		ctx, stop := context.WithCancel(t.Context())
		var run sync.WaitGroup
		run.Go(func() { c.Run(ctx, nil) })
		time.Sleep(7 * time.Second)
		stop()
		run.Wait()
		s.want("ours")
		s.wire.cut.Store(true)
		time.Sleep(20 * time.Second)
		s.want("")
	})
}

func TestClientCommands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := begin(t, nil)
		defer s.stop()
		c := s.client("10.0.0.1")
		if err := errors.Join(c.Start(t.Context(), "1"), c.Heartbeat(t.Context(), "1"), c.Shutdown(t.Context(), "1"), c.Switchover(t.Context(), "ours", "theirs")); err != nil {
			t.Fatal(err)
		}
		s.want("ours!")
		if err := c.Heartbeat(t.Context(), "2"); !errors.Is(err, ErrNOK) {
			t.Errorf("an unknown session: %v", err)
		}
		if err := c.Send(t.Context(), "nonsense", nil); err == nil || !strings.Contains(err.Error(), "400") {
			t.Errorf("an unknown command: %v", err)
		}
		if err := c.Stop(t.Context(), "1"); err != nil {
			t.Error(err)
		}
		s.want("")
	})
}
