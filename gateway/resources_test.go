package gateway_test

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"sync"
	"testing"
	"time"

	"twinhop/appsession"
	"twinhop/appsession/memstore"
	"twinhop/gateway"
	"twinhop/gateway/balance"
	"twinhop/gateway/calls"
	"twinhop/gateway/cluster"
)

// stock is a Router before nodes with resources.
type stock struct {
	t        testing.TB
	registry *cluster.Registry
	router   *gateway.Router
	book     *calls.Book
	store    *memstore.Store
}

func newStock(t testing.TB, algorithm string, boxes ...map[string]int) *stock {
	t.Helper()
	spec := cluster.Spec{Pools: []cluster.PoolSpec{{Name: "p", Sticky: true, Members: []cluster.MemberSpec{{Node: cluster.AllNodes}}}}}
	for i, c := range boxes {
		at := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(i + 1)}), 5080)
		spec.Nodes = append(spec.Nodes, cluster.NodeSpec{Name: fmt.Sprintf("box%d", i+1), SIP: []cluster.Address{{Scheme: "udp", Addr: at}}, Capacity: c})
	}
	s := &stock{t: t, registry: &cluster.Registry{}, book: &calls.Book{}, store: memstore.New(memstore.Options{MaxKeys: 1 << 16, KeysPerSession: 64})}
	if err := s.registry.Apply(spec); err != nil {
		t.Fatal(err)
	}
	a, ok := balance.New(algorithm)
	if !ok {
		t.Fatal("no such algorithm")
	}
	s.router = &gateway.Router{Store: s.store, Views: s.registry.View, Report: s.registry.Report, Book: s.book}
	s.router.Apply(&gateway.Policy{Pools: map[string]gateway.Placement{"p": {SIP: a, Bench: time.Minute}}})
	return s
}

func (s *stock) ask(call, user string, needs ...string) *gateway.Ask {
	a := &gateway.Ask{Kind: gateway.Open, Wants: cluster.SIP, Counts: true, View: s.registry.View()}
	a.Pool = a.View.Pool("p")
	if user != "" {
		a.Add(appsession.Key{Space: appsession.App, Value: user}, gateway.SourceFromUser)
	}
	a.Add(appsession.Key{Space: appsession.Call, Value: call}, gateway.SourceCallID)
	if len(needs) > 0 {
		a.Needs = &cluster.Needs{Resources: needs}
	}
	return a
}

// call gives a call to the Router and returns the node, or what went wrong.
func (s *stock) call(a *gateway.Ask) string {
	d, err := s.router.Try(a)
	if err != nil {
		return err.Error()
	}
	return d.Member.Name
}

func (s *stock) member(node string) *cluster.Member { return s.registry.View().Pool("p").Member(node) }

func (s *stock) expect(what, got, want string) {
	s.t.Helper()
	if got != want {
		s.t.Errorf("%s: %s, want %s", what, got, want)
	}
}

func (s *stock) used(resource string, want ...int64) {
	s.t.Helper()
	for i, n := range want {
		node := fmt.Sprintf("box%d", i+1)
		if got := s.member(node).Load.Used(resource); got != n {
			s.t.Errorf("%s of %s: %d in use, want %d", resource, node, got, n)
		}
	}
}

var tutorial = []map[string]int{{"transc": 30, "pstn": 32}, {"vm": 100, "transc": 10}, {"vm": 50, "conf": 300}, {"vm": 10, "conf": 10, "transc": 10, "pstn": 32}}

// The numbers of OpenSIPS' tutorial: box 1 wins, and of 20 more calls it gets
// 14 and box 4 one; 5 are refused.
func TestTutorial(t *testing.T) {
	s := newStock(t, "resources", tutorial...)
	for resource, n := range map[string][2]int{"transc": {10, 9}, "pstn": {18, 16}} {
		for i, node := range []string{"box1", "box4"} {
			for range n[i] {
				s.member(node).Load.Hold([]string{resource})
			}
		}
	}
	got := map[string]int{}
	for i := range 20 {
		who := s.call(s.ask(fmt.Sprint("c", i), "", "transc", "pstn"))
		if got[who]++; i == 0 {
			s.expect("the first", who, "box1")
		}
	}
	if want := map[string]int{"box1": 14, "box4": 1, gateway.ErrBusy.Error(): 5}; !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	s.used("transc", 24, 0, 0, 10)
	s.used("pstn", 32, 0, 0, 17)
}

// Every reason to refuse is told apart.
func TestWhyACallIsRefused(t *testing.T) {
	s := newStock(t, "resources", map[string]int{"vm": 1}, map[string]int{"vm": 1, "pstn": 1}, map[string]int{"pstn": 0})
	s.expect("first", s.call(s.ask("a", "", "vm")), "box1")
	s.expect("second", s.call(s.ask("b", "", "vm")), "box2")
	refused := func(what string, a *gateway.Ask, want error, rule gateway.Rule) {
		t.Helper()
		steps := s.router.Explain(t.Context(), a)
		d, err := s.router.Try(a)
		if !errors.Is(err, want) || d.Rule != rule {
			t.Errorf("%s: %v by %s, want %v by %s", what, err, d.Rule, want, rule)
		}
		if last := steps[len(steps)-1]; last.Rule != rule {
			t.Errorf("%s: explained by %s", what, last.Rule)
		}
		if s.book.Has(appsession.Key{Space: appsession.Call, Value: "x"}) {
			t.Errorf("%s: a refused call is in the book", what)
		}
	}
	refused("no capacity", s.ask("x", "", "vm"), gateway.ErrBusy, gateway.Busy)
	refused("unknown", s.ask("x", "", "fax"), gateway.ErrResource, gateway.NoNode)
	refused("no node has both", s.ask("x", "", "vm", "pstn", "vm"), gateway.ErrBusy, gateway.Busy)
	for _, n := range []string{"box1", "box2"} {
		_ = s.registry.SetActivation("", n, cluster.Disabled)
	}
	refused("none enabled", s.ask("x", "", "vm"), gateway.ErrNoNode, gateway.NoNode)
	a := s.ask("y", "", "vm")
	a.Needs.Overload = true
	refused("none enabled, overload or not", a, gateway.ErrNoNode, gateway.NoNode)
	_ = s.registry.SetActivation("", "box2", cluster.Active)
	a = s.ask("y", "", "vm")
	a.Needs.Overload = true
	s.expect("overload", s.call(a), "box2")
	s.used("vm", 1, 2)
}

// Calls need something under every algorithm, and those that need nothing are
// not refused for it.
func TestNeedsUnderOtherAlgorithms(t *testing.T) {
	for _, name := range balance.Names() {
		s := newStock(t, name, map[string]int{"vm": 0}, map[string]int{"vm": 2}, nil)
		for i := range 2 {
			s.expect(name, s.call(s.ask(fmt.Sprint("c", i), "", "vm")), "box2")
		}
		s.expect(name, s.call(s.ask("c9", "", "vm")), gateway.ErrBusy.Error())
		if _, err := s.router.Try(s.ask("c8", "")); err != nil {
			t.Errorf("%s: a call that needs nothing: %v", name, err)
		}
	}
}

// A retransmission needs nothing more, on a node that is full with it, too.
func TestARetransmissionTakesNothing(t *testing.T) {
	s := newStock(t, "resources", map[string]int{"vm": 1}, map[string]int{"vm": 1})
	for range 3 {
		s.expect("the same call", s.call(s.ask("a", "alice", "vm")), "box1")
	}
	s.used("vm", 1, 0)
}

// A session's node that is full is passed over for this call; the session
// stays. When it has room, the next call is there again.
func TestAFullOwner(t *testing.T) {
	s := newStock(t, "resources", map[string]int{"vm": 1}, map[string]int{"vm": 1})
	s.expect("first", s.call(s.ask("a", "alice", "vm")), "box1")
	a := s.ask("b", "alice", "vm")
	d, err := s.router.Try(a)
	if err != nil || d.Member.Name != "box2" || d.Rule != gateway.Substitute || d.Moved {
		t.Errorf("a full owner: %+v, %v", d, err)
	}
	s.expect("both full", s.call(s.ask("c", "alice", "vm")), gateway.ErrBusy.Error())
	s.book.Close(appsession.Key{Space: appsession.Call, Value: "a"})
	s.expect("room again", s.call(s.ask("c", "alice", "vm")), "box1")
}

// An INVITE that is tried elsewhere takes what it needs there instead; where
// that is not free it is refused and, given up, takes nothing.
func TestAFailoverMovesTheReservation(t *testing.T) {
	s := newStock(t, "resources", map[string]int{"vm": 9}, map[string]int{"vm": 1})
	first := s.ask("a", "", "vm")
	s.expect("first", s.call(first), "box1")
	again := s.ask("a", "", "vm")
	again.Tried = []*cluster.Node{s.member("box1").Node}
	s.expect("again", s.call(again), "box2")
	s.used("vm", 0, 1)
	s.expect("another", s.call(s.ask("b", "", "vm")), "box1")
	again = s.ask("b", "", "vm")
	again.Tried = []*cluster.Node{s.member("box1").Node}
	s.expect("another again", s.call(again), gateway.ErrBusy.Error())
	s.used("vm", 1, 1)
}

// What failed a call is given nothing new for a while, though everything else
// still goes there.
func TestTheBench(t *testing.T) {
	for o, benched := range map[gateway.Outcome]bool{gateway.OK: false, gateway.ServerError: true, gateway.Timeout: true, gateway.Refused: true,
		gateway.NotSent: true, gateway.Reset: true, gateway.Declined: false, gateway.ClientGone: false} {
		s := newStock(t, "resources", map[string]int{"vm": 9})
		d, err := s.router.Try(s.ask("a", "", "vm"))
		if err != nil {
			t.Fatal(err)
		}
		d.Done(o, gateway.Usage{})
		want := "box1"
		if benched {
			want = gateway.ErrNoNode.Error()
		}
		s.expect(o.String(), s.call(s.ask("b", "", "vm")), want)
	}
}

// Calls that a node begins are counted, whatever is free.
func TestCallsOfNodesTake(t *testing.T) {
	s := newStock(t, "resources", map[string]int{"pstn": 1})
	for i := range 2 {
		if _, err := s.router.Learn(t.Context(), s.member("box1").Node, s.ask(fmt.Sprint("c", i), "", "pstn")); err != nil {
			t.Fatal(err)
		}
	}
	s.used("pstn", 2)
	s.expect("one from outside", s.call(s.ask("x", "", "pstn")), gateway.ErrBusy.Error())
}

// A call of a dead node is counted where it goes on.
func TestACallOfADeadNode(t *testing.T) {
	s := newStock(t, "resources", map[string]int{"vm": 9}, map[string]int{"vm": 0})
	s.expect("first", s.call(s.ask("a", "", "vm")), "box1")
	s.book.Answer(appsession.Key{Space: appsession.Call, Value: "a"})
	s.book.Lose("box1")
	s.used("vm", 0, 0)
	_ = s.registry.SetActivation("", "box1", cluster.Stopped)
	in := s.ask("a", "")
	in.Kind, in.Counts = gateway.Within, false
	s.expect("within", s.call(in), "box2")
	s.used("vm", 0, 1)
}

// Many calls at a time never get more than there is, and lose nothing.
func TestNoOvercommit(t *testing.T) {
	s := newStock(t, "resources", map[string]int{"vm": 40, "pstn": 25}, map[string]int{"vm": 30, "pstn": 35})
	got, mu, wg := map[string]int{}, sync.Mutex{}, sync.WaitGroup{}
	for g := range 8 {
		wg.Go(func() {
			for i := range 20 {
				who := s.call(s.ask(fmt.Sprintf("c%d-%d", g, i), fmt.Sprint("user", i), "vm", "pstn"))
				mu.Lock()
				got[who]++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if want := map[string]int{"box1": 25, "box2": 30, gateway.ErrBusy.Error(): 105}; !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	s.used("vm", 25, 30)
	for c := range s.book.All() {
		s.book.Close(c.Key)
	}
	s.used("vm", 0, 0)
	s.used("pstn", 0, 0)
}
