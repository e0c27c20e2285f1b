package heartbeat

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"twinhop/gateway/cluster"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// stage is a roster with a registry, whose nodes answer probes while up says so.
type stage struct {
	*Roster
	t    *testing.T
	said *said
	stop func()

	mu     sync.Mutex
	dead   map[string]bool
	probes []string
	moves  []string
	fails  bool // switchovers fail
}

// said is a log that may be read while it is written.
type said struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.Write(p)
}

func (s *said) count(what string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Count(s.buf.String(), what)
}

func (s *stage) Probe(_ context.Context, n *cluster.Node) cluster.Result {
	<-time.After(10 * time.Millisecond)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.probes = append(s.probes, n.Name)
	return cluster.Result{OK: !s.dead[n.Name], Detail: "no answer"}
}

// mover is where sessions are moved.
type mover struct{ *stage }

func (s mover) Switchover(_ context.Context, from, to string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.moves = append(s.moves, from+">"+to)
	if s.fails {
		return errors.New("the store is gone")
	}
	return nil
}

// kill lets a node give no answer to probes.
func (s *stage) kill(name string, dead bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dead[name] = dead
}

func (s *stage) probed(name string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.probes {
		if p == name {
			n++
		}
	}
	return n
}

func (s *stage) moved() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.moves, " ")
}

var usual = Settings{Allow: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/16"), netip.MustParsePrefix("fd00::/64")}}

// play begins a story with a roster that sweeps and a registry that probes.
func play(t *testing.T, configured ...cluster.NodeSpec) *stage {
	t.Helper()
	s := begin(t, configured...)
	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for _, run := range []func(context.Context) error{s.Registry.Run, s.Run} {
		all.Go(func() {
			if err := run(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	s.stop = func() {
		stop()
		all.Wait()
	}
	return s
}

// begin makes a roster that nothing runs.
func begin(t *testing.T, configured ...cluster.NodeSpec) *stage {
	s := &stage{t: t, said: &said{}, dead: map[string]bool{}}
	reg := &cluster.Registry{Probers: map[cluster.Service]cluster.Prober{cluster.SIP: s}}
	s.Roster = &Roster{Registry: reg, Moves: mover{s}, Log: slog.New(slog.NewTextHandler(s.said, nil))}
	spec := cluster.Spec{Nodes: configured, Checks: map[cluster.Service]cluster.Schedule{cluster.SIP: {Interval: 10 * time.Second, Timeout: time.Second}},
		Pools: []cluster.PoolSpec{{Name: "p", Members: []cluster.MemberSpec{{Node: cluster.AllNodes}}}}}
	if err := reg.Apply(spec); err != nil {
		t.Fatal(err)
	}
	s.Apply(usual)
	return s
}

// names are the nodes of the cluster.
func (s *stage) names() string {
	var all []string
	for _, n := range s.Registry.View().Nodes {
		all = append(all, n.Name)
	}
	return strings.Join(slices.Sorted(slices.Values(all)), " ")
}

func (s *stage) want(names string) {
	s.t.Helper()
	synctest.Wait()
	if got := s.names(); got != names {
		s.t.Fatalf("nodes %q, want %q\n%s", got, names, s.said.buf.String())
	}
}

func (s *stage) node(name string) *cluster.Node {
	s.t.Helper()
	n := s.Registry.View().Named(name)
	if n == nil {
		s.t.Fatalf("there is no node %q", name)
	}
	return n
}

// ping announces a node at its own address and wants an error, or none.
func (s *stage) ping(a Announcement, want error) {
	s.t.Helper()
	s.pingFrom(a.IP, a, want)
}

func (s *stage) pingFrom(from netip.Addr, a Announcement, want error) {
	s.t.Helper()
	if err := s.Ping(from, a); !errors.Is(err, want) || (err == nil) != (want == nil) {
		s.t.Fatalf("announcing %s: %v, want %v", a.name(), err, want)
	}
}

// beats lets a node give signs of life for a while.
func (s *stage) beats(a Announcement, d time.Duration) {
	s.t.Helper()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for end := time.Now().Add(d); time.Now().Before(end); <-tick.C {
		if err := s.Beat(a.IP, a.Session); err != nil {
			s.t.Fatalf("beat of %s: %v", a.name(), err)
		}
	}
}

// alive lets a node announce itself until what is returned is called.
func (s *stage) alive(a Announcement) func() {
	ctx, stop := context.WithCancel(s.t.Context())
	var done sync.WaitGroup
	done.Go(func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for ctx.Err() == nil {
			_ = s.Ping(a.IP, a)
			<-tick.C
		}
	})
	return func() {
		stop()
		done.Wait()
	}
}

func ip(s string) netip.Addr { return netip.MustParseAddr(s) }

// announced is a node at 10.0.0.n.
func announced(n byte, session string) Announcement {
	return Announcement{By: "json", Session: session, IP: netip.AddrFrom4([4]byte{10, 0, 0, n}), Ports: Ports{UDP: 5080, TCP: 5080, HTTP: 8080}}
}

func routed(n byte, session, route string) Announcement {
	a := announced(n, session)
	a.Route = route
	return a
}
