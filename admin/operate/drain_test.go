package operate

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"twinhop/gateway/cluster"
)

// scene is two nodes in two pools and what the first still holds.
type scene struct {
	*Desk
	registry *cluster.Registry
	spec     cluster.Spec
	mu       sync.Mutex
	sessions int
	calls    int
	ended    []Operation
	told     []Held
}

func play(t *testing.T, test func(s *scene)) {
	synctest.Test(t, func(t *testing.T) {
		s := &scene{registry: &cluster.Registry{}, sessions: 3, calls: 1}
		spec := cluster.Spec{Pools: []cluster.PoolSpec{{Name: "a", Members: []cluster.MemberSpec{{Node: "*"}}}, {Name: "b", Members: []cluster.MemberSpec{{Node: "*"}}}}}
		for i, name := range []string{"n1", "n2"} {
			at := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(i + 1)}), 80)
			spec.Nodes = append(spec.Nodes, cluster.NodeSpec{Name: name, HTTP: []cluster.Address{{Scheme: "http", Addr: at}}})
		}
		s.spec = spec
		if err := s.registry.Apply(spec); err != nil {
			t.Fatal(err)
		}
		s.Desk = &Desk{View: s.registry.View, Activate: func(node string, a cluster.Activation) error { return s.registry.SetActivation("", node, a) },
			Restore: s.registry.Restore, Now: time.Now, Held: func(string) (int, int) {
				s.mu.Lock()
				defer s.mu.Unlock()
				return s.sessions, s.calls
			}, Told: func(o Operation) {
				if s.told = append(s.told, o.Left); o.State != Running {
					s.ended = append(s.ended, o)
				}
			}}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan bool)
		go func() { s.Run(ctx); close(done) }()
		test(s)
		stop()
		<-done
	})
}

func (s *scene) hold(sessions, calls int) {
	s.mu.Lock()
	s.sessions, s.calls = sessions, calls
	s.mu.Unlock()
	<-time.After(time.Second) // of the bubble
	synctest.Wait()
}

func (s *scene) is(pool string) cluster.Activation {
	return s.registry.View().Pool(pool).Member("n1").Activation
}

func TestDrain(t *testing.T) {
	for _, stop := range []bool{false, true} {
		play(t, func(s *scene) {
			o, err := s.Drain("n1", stop, "ada", "upgrade")
			if err != nil || o.State != Running || o.First != (Held{Sessions: 3, Calls: 1}) || s.is("a") != cluster.Disabled || s.is("b") != cluster.Disabled {
				t.Fatalf("%+v %v", o, err)
			}
			if _, err := s.Drain("n1", false, "bob", ""); !errors.Is(err, ErrRunning) {
				t.Errorf("a second time: %v", err)
			}
			s.hold(2, 0)
			if o, _ = s.Get(o.ID); o.State != Running || o.Left != (Held{Sessions: 2}) {
				t.Errorf("%+v", o)
			}
			s.hold(0, 1)
			s.registry.View().Named("n1").Load().Requests.Store(1)
			s.hold(0, 0)
			if o, _ = s.Get(o.ID); o.State != Running {
				t.Errorf("with a request running: %+v", o)
			}
			s.registry.View().Named("n1").Load().Requests.Store(0)
			s.hold(0, 0)
			want := cluster.Disabled
			if stop {
				want = cluster.Stopped
			}
			if o, _ = s.Get(o.ID); o.State != Done || s.is("a") != want || len(s.ended) != 1 || s.ended[0].By != "ada" || o.Ended.IsZero() {
				t.Errorf("%+v, the node is %s, told %d", o, s.is("a"), len(s.ended))
			}
			if _, err := s.Cancel(o.ID); !errors.Is(err, ErrEnded) {
				t.Errorf("cancelled afterwards: %v", err)
			}
			if _, err := s.Drain("n1", false, "", ""); err != nil { // what is stopped can be drained: it holds nothing
				t.Error(err)
			}
		})
	}
}

// Who cancels gets the node back as it was, pool by pool.
func TestCancel(t *testing.T) {
	play(t, func(s *scene) {
		if err := s.registry.SetActivation("b", "n1", cluster.Stopped); err != nil {
			t.Fatal(err)
		}
		o, err := s.Drain("n1", true, "ada", "")
		if err != nil {
			t.Fatal(err)
		}
		if o, err = s.Cancel(o.ID); err != nil || o.State != Cancelled || s.is("a") != cluster.Active || s.is("b") != cluster.Stopped {
			t.Errorf("%+v %v, %s and %s", o, err, s.is("a"), s.is("b"))
		}
		s.hold(0, 0)
		if s.is("a") != cluster.Active || len(s.ended) != 1 {
			t.Error("it went on")
		}
	})
}

// Each step is told once, the begin and the end included.
func TestProgressIsTold(t *testing.T) {
	play(t, func(s *scene) {
		if _, err := s.Drain("n1", false, "", ""); err != nil {
			t.Fatal(err)
		}
		s.hold(3, 1)
		s.hold(2, 1)
		s.hold(2, 0)
		s.hold(0, 0)
		want := []Held{{Sessions: 3, Calls: 1}, {Sessions: 2, Calls: 1}, {Sessions: 2}, {}, {}}
		if !slices.Equal(s.told, want) {
			t.Errorf("told %v, want %v", s.told, want)
		}
	})
}

// What was on its way to the node when the drain began counts, too.
func TestLatecomers(t *testing.T) {
	play(t, func(s *scene) {
		s.mu.Lock()
		s.sessions, s.calls = 0, 0
		s.mu.Unlock()
		o, _ := s.Drain("n1", true, "", "")
		synctest.Wait()
		s.hold(1, 0)
		if o, _ = s.Get(o.ID); o.State != Running || s.is("a") != cluster.Disabled {
			t.Errorf("%+v, the node is %s", o, s.is("a"))
		}
	})
}

// A node that goes while a reload gives it a new pool and that is cancelled
// then is as if nothing had been; one that is taken away and comes back within
// a moment is still drained.
func TestDrainAndReload(t *testing.T) {
	play(t, func(s *scene) {
		o, _ := s.Drain("n1", true, "", "")
		synctest.Wait() // nobody looks at the cluster until time passes
		spec := s.spec
		spec.Pools = append(slices.Clone(spec.Pools), cluster.PoolSpec{Name: "c", Members: []cluster.MemberSpec{{Node: "*"}}})
		for _, apply := range []cluster.Spec{{Pools: s.spec.Pools}, spec} {
			if err := s.registry.Apply(apply); err != nil {
				t.Fatal(err)
			}
		}
		s.hold(1, 1)
		if o, _ = s.Get(o.ID); o.State != Running || s.is("c") != cluster.Disabled {
			t.Errorf("%+v, in the new pool it is %s", o, s.is("c"))
		}
		if _, err := s.Cancel(o.ID); err != nil || s.is("a") != cluster.Active || s.is("c") != cluster.Active {
			t.Errorf("%v, %s and %s", err, s.is("a"), s.is("c"))
		}
	})
}

func TestDrainEndsWithItsNode(t *testing.T) {
	play(t, func(s *scene) {
		o, _ := s.Drain("n1", false, "", "")
		if err := s.registry.SetActivation("a", "n1", cluster.Active); err != nil {
			t.Fatal(err)
		}
		s.hold(1, 1)
		if o, _ = s.Get(o.ID); o.State != Cancelled || o.Why == "" {
			t.Errorf("made active meanwhile: %+v", o)
		}
		if o, _ = s.Drain("n1", false, "", ""); o.State != Running {
			t.Fatalf("%+v", o)
		}
		if err := s.registry.Apply(cluster.Spec{}); err != nil {
			t.Fatal(err)
		}
		s.hold(1, 1)
		if o, _ = s.Get(o.ID); o.State != Failed {
			t.Errorf("gone meanwhile: %+v", o)
		}
		if _, err := s.Drain("n1", false, "", ""); !errors.Is(err, cluster.ErrUnknownNode) {
			t.Error(err)
		}
		if _, err := s.Get("op_none"); !errors.Is(err, ErrUnknown) {
			t.Error(err)
		}
		if _, err := s.Cancel("op_none"); !errors.Is(err, ErrUnknown) {
			t.Error(err)
		}
	})
}

// Ended operations are forgotten, the oldest first, running ones never.
func TestOperationsAreBounded(t *testing.T) {
	play(t, func(s *scene) {
		first, _ := s.Drain("n2", false, "", "")
		for range maxKept + 50 {
			o, err := s.Drain("n1", false, "", "")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Cancel(o.ID); err != nil {
				t.Fatal(err)
			}
		}
		all := s.All()
		if len(all) > maxKept || all[len(all)-1].ID != first.ID {
			t.Errorf("%d operations, the oldest %+v", len(all), all[len(all)-1])
		}
	})
}
