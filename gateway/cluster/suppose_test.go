package cluster

import (
	"net/netip"
	"testing"
)

// What is supposed of a node counts in the View that is asked for, in all its
// pools, and nowhere else; who is not spoken of is as he was, and loads are one.
func TestSuppose(t *testing.T) {
	r := &Registry{}
	varied := all("b")
	varied.Variants = []Variant{{Name: "v", NoStick: true, Activation: map[string]Activation{"n2": Disabled}}}
	v := apply(t, r, Spec{Nodes: []NodeSpec{node("n1", 1), node("n2", 2), node("n3", 3)}, Pools: []PoolSpec{all("a"), varied}})
	is := v.Suppose(map[string]Activation{"n1": Stopped}, map[string]Health{"n2": Down})
	for _, p := range []*Pool{is.Pool("a"), is.Pool("b"), is.Pool("b").Variant("v")} {
		if p.Member("n1").Usable(HTTP) || p.Member("n2").Usable(HTTP) || !p.Member("n3").Usable(HTTP) {
			t.Errorf("%s: %v", p.Name, p.Members)
		}
		for _, m := range p.Members {
			if m.Pool != p || m.Node != is.Named(m.Name) || p.Routed(m.Route) != m || m.Load != v.Pool(p.Name).Member(m.Name).Load {
				t.Errorf("%s of %s belongs to another", m.Name, p.Name)
			}
		}
	}
	if x := is.Pool("b").Variant("v"); x.Sticky || x.Member("n2").Activation != Disabled || is.Pool("b").Member("n2").Activation != Active {
		t.Error("the words of a variant are lost")
	}
	at := v.Named("n2").Addr(HTTP).Addr
	if is.At(at, HTTP) != is.Named("n2") || is.At(netip.AddrPort{}, HTTP) != nil {
		t.Error("a node is not at its address")
	}
	for _, m := range v.Pool("a").Members {
		if !m.Usable(HTTP) {
			t.Errorf("%s is really %v", m.Name, m.Activation)
		}
	}
}
