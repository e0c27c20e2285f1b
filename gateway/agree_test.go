package gateway_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"twinhop/appsession"
	"twinhop/appsession/memstore"
	"twinhop/gateway"
	"twinhop/gateway/balance"
	"twinhop/gateway/cluster"
)

// site is one gateway with a table of its own.
type site struct {
	t        testing.TB
	registry cluster.Registry
	router   *gateway.Router
	calls    int
}

func newSite(t testing.TB, algorithm string, nodes []string) *site {
	s := &site{t: t}
	store := memstore.New(memstore.Options{MaxKeys: 100_000, KeysPerSession: 64, Idle: time.Hour, Max: time.Hour})
	s.router = &gateway.Router{Store: store, Views: s.registry.View, Namer: appsession.Namer{K0: 1, K1: 2}}
	set := map[string]string{"http": algorithm, "sip": algorithm}
	tt, ok := t.(*testing.T)
	if !ok {
		t.Fatal("only for tests")
	}
	s.router.Apply(&gateway.Policy{Pools: map[string]gateway.Placement{"default": placement(tt, set, store.Count)}})
	s.apply(nodes)
	return s
}

// apply registers nodes in this order. What a node is follows from its name.
func (s *site) apply(names []string) {
	s.t.Helper()
	spec := cluster.Spec{Pools: []cluster.PoolSpec{{Name: "default", Sticky: true, Members: []cluster.MemberSpec{{Node: cluster.AllNodes}}}}}
	for _, name := range names {
		ip := netip.AddrFrom4([4]byte{10, 0, byte(name[len(name)-1]), byte(len(name))})
		spec.Nodes = append(spec.Nodes, cluster.NodeSpec{Name: name,
			HTTP: []cluster.Address{{Scheme: "http", Addr: netip.AddrPortFrom(ip, 80)}}, SIP: []cluster.Address{{Scheme: "udp", Addr: netip.AddrPortFrom(ip, 5060)}}})
	}
	if err := s.registry.Apply(spec); err != nil {
		s.t.Fatal(err)
	}
}

// sip is where a new call of a user goes.
func (s *site) sip(user string) string {
	s.calls++
	return s.ask(cluster.SIP, appsession.Key{Space: appsession.App, Value: user}, gateway.SourceFromUser,
		appsession.Key{Space: appsession.Call, Value: fmt.Sprint("call", s.calls)})
}

// http is where a request with ?appsession= goes that has no cookie.
func (s *site) http(user string) string {
	return s.ask(cluster.HTTP, appsession.Key{Space: appsession.App, Value: user}, gateway.SourceQuery)
}

func (s *site) ask(wants cluster.Service, key appsession.Key, source gateway.Source, call ...appsession.Key) string {
	v := s.registry.View()
	a := gateway.Ask{Wants: wants, View: v, Pool: v.Pool("default")}
	a.Add(key, source)
	for _, k := range call {
		a.Add(k, gateway.SourceCallID)
	}
	d, err := s.router.Route(s.t.Context(), &a)
	if err != nil {
		s.t.Fatalf("%s: %v", key.Value, err)
	}
	d.Done(gateway.OK, gateway.Usage{})
	return d.Member.Name
}

const agreeKeys = 1000

func agreeUser(i int) string { return fmt.Sprintf("user-%d", i) }

// all asks both gateways about all keys by both protocols, in any order, and
// returns where each is.
func all(t *testing.T, rnd *rand.Rand, sites [2]*site) []string {
	at := make([]string, agreeKeys)
	for _, i := range rnd.Perm(agreeKeys) {
		user := agreeUser(i)
		asks := []func() string{func() string { return sites[0].sip(user) }, func() string { return sites[0].http(user) },
			func() string { return sites[1].sip(user) }, func() string { return sites[1].http(user) }}
		rnd.Shuffle(len(asks), func(i, j int) { asks[i], asks[j] = asks[j], asks[i] })
		for _, ask := range asks {
			node := ask()
			if at[i] == "" {
				at[i] = node
			}
			if node != at[i] {
				t.Fatalf("%s: at %s and at %s", user, at[i], node)
			}
		}
	}
	return at
}

// Two gateways that know the same nodes, registered in another order, agree
// on every key, whether it comes by SIP or by HTTP. A third node moves no key
// that the table holds and few of the others; without it they are where they
// were.
func TestGatewaysAgree(t *testing.T) {
	for _, algorithm := range []string{"hash", "pure-hash"} {
		t.Run(algorithm, func(t *testing.T) {
			for seed := range uint64(4) {
				rnd := rand.New(rand.NewPCG(seed, 1))
				nodes := []string{fmt.Sprint("a", seed, "x1"), fmt.Sprint("b", seed, "y2")}
				third := fmt.Sprint("c", seed, "z3")
				other := slices.Clone(nodes)
				slices.Reverse(other)
				sites := [2]*site{newSite(t, algorithm, nodes), newSite(t, algorithm, other)}
				before := all(t, rnd, sites)

				sites[0].apply(append(slices.Clone(nodes), third))
				sites[1].apply(append([]string{third}, other...))
				with, moved := all(t, rnd, sites), 0
				for i := range with {
					if with[i] != before[i] {
						if moved++; with[i] != third {
							t.Fatalf("%s moved from %s to %s when %s came", agreeUser(i), before[i], with[i], third)
						}
					}
				}
				switch {
				case algorithm == "hash" && moved > 0:
					t.Errorf("%d keys moved that the table holds", moved)
				case algorithm == "pure-hash" && (moved < agreeKeys/5 || moved > agreeKeys*2/5):
					t.Errorf("%d of %d keys moved", moved, agreeKeys)
				}

				sites[0].apply(nodes)
				sites[1].apply(other)
				after := all(t, rnd, sites)
				for i := range after {
					if with[i] != third && after[i] != with[i] {
						t.Fatalf("%s moved from %s to %s when %s left", agreeUser(i), with[i], after[i], third)
					}
					if algorithm == "pure-hash" && after[i] != before[i] {
						t.Fatalf("%s was on %s and is on %s, with the same nodes", agreeUser(i), before[i], after[i])
					}
				}
			}
		})
	}
}

// Keys that came while there were three nodes and were on the third are all
// that moves when it leaves, of a persistent hash as well.
func TestOnlyItsKeysLeaveANode(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 7))
	sites := [2]*site{newSite(t, "hash", []string{"n1", "n2", "n3"}), newSite(t, "hash", []string{"n3", "n1", "n2"})}
	with := all(t, rnd, sites)
	sites[0].apply([]string{"n2", "n1"})
	sites[1].apply([]string{"n1", "n2"})
	after, moved := all(t, rnd, sites), 0
	for i := range after {
		if after[i] != with[i] {
			moved++
		}
		if (with[i] == "n3") != (after[i] != with[i]) {
			t.Errorf("%s was on %s and is on %s", agreeUser(i), with[i], after[i])
		}
	}
	if moved < agreeKeys/5 {
		t.Errorf("only %d were on the node that left", moved)
	}
}

// A hit costs no allocation, whatever the placement.
func TestHitsDoNotAllocate(t *testing.T) {
	for _, algorithm := range append(balance.Names(), "pins") {
		s := newSite(t, map[bool]string{true: "round-robin", false: algorithm}[algorithm == "pins"], []string{"n1", "n2", "n3"})
		if algorithm == "pins" {
			s.router.Apply(&gateway.Policy{Pools: map[string]gateway.Placement{"default": placement(t, map[string]string{"pins": "^x:n1,^al:n2"}, nil)}})
		}
		v := s.registry.View()
		a := gateway.Ask{View: v}
		ask := func(wants cluster.Service) {
			a.Reset()
			a.Wants, a.View, a.Pool = wants, v, v.Pool("default")
			a.Add(appsession.Key{Space: appsession.App, Value: "alice"}, gateway.SourceFromUser)
			if d, err := s.router.Try(&a); err != nil {
				t.Fatal(err)
			} else {
				d.Done(gateway.OK, gateway.Usage{})
			}
		}
		ask(cluster.SIP)
		for _, service := range cluster.Services() {
			if n := testing.AllocsPerRun(200, func() { ask(service) }); n != 0 {
				t.Errorf("%s, %s: %v allocations", algorithm, service, n)
			}
		}
	}
}
