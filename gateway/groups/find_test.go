package groups

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"twinhop/appsession"
	"twinhop/appsession/memstore"
	"twinhop/gateway/calls"
	"twinhop/gateway/cluster"
)

var names = []string{"usual", "lines", "more"}

// site has node1 in "usual", node2 and node3 in "lines" and "more", which share
// a realm, and node3 in "usual" as well.
func site(t testing.TB) (*Finder, *cluster.View) {
	var r cluster.Registry
	spec := cluster.Spec{}
	for i := range 4 {
		spec.Nodes = append(spec.Nodes, cluster.NodeSpec{Name: fmt.Sprintf("node%d", i+1),
			SIP: []cluster.Address{{Scheme: "udp", Addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(i + 1)}), 5080)}}})
	}
	pool := func(name, realm string, nodes ...string) {
		p := cluster.PoolSpec{Name: name, Realm: realm}
		for _, n := range nodes {
			p.Members = append(p.Members, cluster.MemberSpec{Node: n})
		}
		spec.Pools = append(spec.Pools, p)
	}
	pool("usual", "", "node1", "node3")
	pool("lines", "r", "node2", "node3")
	pool("more", "r", "node2", "node3")
	pool("web", "w", "node4")
	if err := r.Apply(spec); err != nil {
		t.Fatal(err)
	}
	return &Finder{Book: &calls.Book{}, Store: memstore.New(memstore.Options{})}, r.View()
}

func (f *Finder) open(v *cluster.View, id, pool, node string) {
	p := v.Pool(pool)
	f.Book.Open(f.Namer.Fit(appsession.Key{Space: appsession.Call, Realm: p.Realm, Value: id}), p.Member(node))
}

func (f *Finder) bind(t testing.TB, v *cluster.View, id, pool, node string) {
	k := f.Namer.Fit(appsession.Key{Space: appsession.Call, Realm: v.Pool(pool).Realm, Value: id})
	if _, err := f.Store.Bind(t.Context(), appsession.Binding{ID: f.Namer.ID(k), Node: node, Owner: node}, []appsession.Alias{{Key: k}}); err != nil {
		t.Fatal(err)
	}
}

func TestFind(t *testing.T) {
	long := strings.Repeat("x", 2*appsession.MaxValue)
	for what, tt := range map[string]struct {
		call Call
		want string
	}{
		"our signature says it":                   {Call{ID: "booked", Pool: "lines", Node: "node1"}, "lines"},
		"the pool that it names is gone":          {Call{ID: "booked", Pool: "gone"}, "more"},
		"the book knows it":                       {Call{ID: "booked", Node: "node1"}, "more"},
		"the book knows it, long as it is":        {Call{ID: long}, "lines"},
		"the table knows its realm":               {Call{ID: "bound", Node: "node1"}, "lines"},
		"the book before the table":               {Call{ID: "both"}, "usual"},
		"nobody knows it: the first of its node":  {Call{ID: "new", Node: "node2"}, "lines"},
		"nobody knows it: the usual of its node":  {Call{ID: "new", Node: "node3"}, "usual"},
		"a node that no call goes to":             {Call{ID: "new", Node: "node4"}, ""},
		"a node that is not there":                {Call{ID: "new", Node: "node9"}, ""},
		"nothing is known":                        {Call{ID: "new"}, ""},
		"the pool of its book entry has gone now": {Call{ID: "web"}, ""},
	} {
		t.Run(what, func(t *testing.T) {
			f, v := site(t)
			f.open(v, "booked", "more", "node2")
			f.open(v, long, "lines", "node2")
			f.open(v, "both", "usual", "node1")
			f.open(v, "web", "web", "node4")
			f.bind(t, v, "bound", "lines", "node3")
			f.bind(t, v, "both", "lines", "node3")
			got := ""
			if p := f.Find(t.Context(), v, names, &tt.call); p != nil {
				got = p.Name
			}
			if got != tt.want {
				t.Errorf("found %q, want %q", got, tt.want)
			}
		})
	}
}

// Without a book, and with a table that can only be asked, calls are found all the same.
func TestWithoutABook(t *testing.T) {
	f, v := site(t)
	f.bind(t, v, "bound", "lines", "node3")
	f.Book, f.Store = nil, struct{ appsession.Store }{f.Store}
	if f.Booked(v, names, "bound") != nil {
		t.Error("a book that is not there knows something")
	}
	if p := f.Find(t.Context(), v, names, &Call{ID: "bound"}); p == nil || p.Name != "lines" {
		t.Errorf("found %v", p)
	}
	if p := f.Find(t.Context(), v, names, &Call{ID: "new"}); p != nil {
		t.Errorf("found %v", p.Name)
	}
}

func TestFindDoesNotAllocate(t *testing.T) {
	f, v := site(t)
	f.open(v, "booked", "more", "node2")
	f.bind(t, v, "bound", "lines", "node3")
	c := Call{}
	if n := testing.AllocsPerRun(100, func() {
		for _, c.ID = range [...]string{"booked", "bound", "new"} {
			f.Find(t.Context(), v, names, &c)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
