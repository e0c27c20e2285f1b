package gone

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"twinhop/gateway/cluster"
)

// nodes gives the cluster these nodes; "a/7" is one of incarnation 7.
func nodes(t *testing.T, r *cluster.Registry, names ...string) *cluster.View {
	t.Helper()
	spec := cluster.Spec{Pools: []cluster.PoolSpec{{Name: "default", Members: []cluster.MemberSpec{{Node: cluster.AllNodes}}}}}
	for _, name := range names {
		spec.Nodes = append(spec.Nodes, node(name))
	}
	if err := r.Apply(spec); err != nil {
		t.Fatal(err)
	}
	return r.View()
}

func node(name string) cluster.NodeSpec {
	var letter rune
	gen := uint32(0)
	if n, _ := fmt.Sscanf(name, "%c/%d", &letter, &gen); n == 0 {
		panic(name)
	}
	return cluster.NodeSpec{Name: string(letter), Gen: gen, SIP: []cluster.Address{{Scheme: "udp", Addr: at(letter)}}}
}

func at(letter rune) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(letter)}), 5080)
}

func named(list []*cluster.Node) (names []string) {
	for _, n := range list {
		names = append(names, fmt.Sprintf("%s/%d", n.Name, n.Gen))
	}
	return names
}

func TestWhoHasLeft(t *testing.T) {
	var g Nodes
	r := &cluster.Registry{}
	now := time.Unix(1000, 0)
	look := func(v *cluster.View, wantLeft, wantCold []string) {
		t.Helper()
		left, cold := g.Watch(v, now)
		if !slices.Equal(named(left), wantLeft) || !slices.Equal(named(cold), wantCold) {
			t.Errorf("left %v, cold %v; want %v, %v", named(left), named(cold), wantLeft, wantCold)
		}
	}
	look(nodes(t, r, "a/1", "b/1", "c"), nil, nil)
	look(r.View(), nil, nil)
	if g.At(at('a')) != nil || g.Named("a") != nil {
		t.Error("one that is there has left")
	}
	v := nodes(t, r, "b/2", "c")
	look(v, []string{"a/1", "b/1"}, nil)
	if n := g.At(at('a')); n == nil || n.Name != "a" || g.Named("a") != n {
		t.Errorf("at its address there was %v", n)
	}
	if g.At(at('b')) != nil || g.Named("b") != nil {
		t.Error("one that began anew has left")
	}
	now = now.Add(linger - 1)
	look(v, nil, nil)
	now = now.Add(1)
	look(v, nil, []string{"a/1"})
	now = now.Add(1)
	look(v, nil, nil)
	look(nodes(t, r, "a/3", "b/2"), []string{"c/0"}, nil)
	if g.At(at('a')) != nil || g.At(at('c')) == nil {
		t.Error("who came again is still away, or who left is not")
	}
	now = now.Add(keep + 1)
	look(r.View(), nil, []string(nil))
	if g.At(at('c')) != nil {
		t.Error("it is remembered for ever")
	}
}

func TestAnotherNameIsTheSameNode(t *testing.T) {
	var g Nodes
	r := &cluster.Registry{}
	g.Watch(nodes(t, r, "a/1", "b/1"), time.Unix(1000, 0))
	named := func(name string, gen uint32) cluster.NodeSpec {
		return cluster.NodeSpec{Name: name, Gen: gen, SIP: []cluster.Address{{Scheme: "udp", Addr: at('a')}}}
	}
	for _, c := range []struct {
		spec cluster.NodeSpec
		want int
	}{{named("renamed", 1), 1}, {named("again", 2), 1}, {named("again", 2), 0}} { // b leaves first
		if err := r.Apply(cluster.Spec{Nodes: []cluster.NodeSpec{c.spec}, Pools: []cluster.PoolSpec{{Name: "default", Members: []cluster.MemberSpec{{Node: cluster.AllNodes}}}}}); err != nil {
			t.Fatal(err)
		}
		left, _ := g.Watch(r.View(), time.Unix(1001, 0))
		if len(left) != c.want || g.At(at('a')) != nil || g.Named("a") != nil {
			t.Errorf("%v: left %v, at its place was %v", c.spec.Name, left, g.At(at('a')))
		}
	}
}

func TestTheMemoryIsBounded(t *testing.T) {
	var g Nodes
	r := &cluster.Registry{}
	for i := range 2*maxGone + 20 {
		spec := cluster.Spec{}
		if i%2 == 0 {
			place := netip.AddrPortFrom(at('x').Addr(), uint16(1+i))
			spec.Nodes = []cluster.NodeSpec{{Name: fmt.Sprintf("n%d", i), SIP: []cluster.Address{{Scheme: "udp", Addr: place}}}}
		}
		spec.Pools = []cluster.PoolSpec{{Name: "default", Members: []cluster.MemberSpec{{Node: cluster.AllNodes}}}}
		if err := r.Apply(spec); err != nil {
			t.Fatal(err)
		}
		g.Watch(r.View(), time.Unix(1000, 0))
		g.Watch(r.View(), time.Unix(1000, 0))
	}
	if n := len(g.all()); n != maxGone {
		t.Errorf("%d are remembered", n)
	}
}
