package sample

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"twinhop/gateway/cluster"
	"twinhop/gateway/trace/specimens"
	"twinhop/http/head"
	"twinhop/http/mounts"
)

func view(t *testing.T) *cluster.View {
	r := &cluster.Registry{}
	at := []cluster.Address{{Scheme: "http", Addr: netip.MustParseAddrPort("192.0.2.1:80"), Host: "192.0.2.1"}}
	err := r.Apply(cluster.Spec{
		Nodes: []cluster.NodeSpec{{Name: "node1", Instance: "ID9", HTTP: at, Domain: "east"}, {Name: "node2", Route: "b.two", HTTP: at}},
		Pools: []cluster.PoolSpec{{Name: "default", Sticky: true, Members: []cluster.MemberSpec{{Node: "*"}}}}})
	if err != nil {
		t.Fatal(err)
	}
	return r.View()
}

// Every place that a configuration could name is there, each as what it would
// be to the front.
func TestFill(t *testing.T) {
	for _, x := range []struct {
		name, target string
		cookies      []string
		fields       []head.Field
		want         []string // source:name=value base,base route/route, or source:name for what is no key
	}{
		{name: "nothing", target: "/"},
		{name: "parameters", target: "/a?appsession=al%69ce&x=1&x=2&empty=&secret&b.two=S.node1&y=%zz",
			want: []string{"query:appsession=alice alice,alice /", "query:x", "query:b.two=S.node1 S,S node1/node1", "query:y"}},
		{name: "cookies", target: "/", cookies: []string{`A=1; JSESSIONID="S1.b.two"; JSESSIONID = S2.x.node1`, "B=S3; .=; C=.node1"},
			want: []string{"cookie:A=1 1,1 /", "cookie:JSESSIONID=S1.b.two S1,S1.b b.two/?", "cookie:JSESSIONID=S2.x.node1 S2,S2.x ?/node1", "cookie:B=S3 S3,S3 /", "cookie:C=.node1 , node1/node1"}},
		{name: "a route that belongs to nobody may be anything", target: "/", cookies: []string{"jwt=head.body.sign; d=S.east.node9"},
			want: []string{"cookie:jwt=head.body.sign head,head.body ?/?", "cookie:d=S.east.node9 S,S.east east.node9/?"}},
		{name: "path", target: "/a;jsessionid=S.node1/b", cookies: []string{"JSESSIONID=T.node1"},
			want: []string{"path:=S.node1 S,S node1/node1", "cookie:JSESSIONID=T.node1 T,T node1/node1"}},
		{name: "an empty id in the path is there, and hides cookies", target: "/a;jsessionid=/b", cookies: []string{"J=1"}, want: []string{"path:", "cookie:J=1 1,1 /"}},
		{name: "application session key", target: "/a;" + AppKey + "=k+1?u=2", want: []string{"application-session-key:=k+1", "query:u=2 2,2 /"}},
		{name: "fields", target: "/", fields: []head.Field{{Name: "Host", Value: "h"}, {Name: "X-Tenant", Value: "t"}, {Name: "X-Two", Value: "1"}, {Name: "x-two", Value: "2"},
			{Name: "X-Long", Value: strings.Repeat("x", 300)}, {Name: "Referer", Value: "named"}}, want: []string{"header:x-tenant=t", "header:x-two", "header:x-long", "header:referer=named"}},
	} {
		t.Run(x.name, func(t *testing.T) {
			v := view(t)
			path, query, _ := strings.Cut(x.target, "?")
			canon, _, err := mounts.Canonical(path)
			if err != nil {
				t.Fatal(err)
			}
			var fields head.Fields
			for _, f := range x.fields {
				fields.Add(f.Name, f.Value)
			}
			r := Request{Target: x.target, RawPath: path, Query: query, Path: canon, Cookies: x.cookies, Fields: &fields, View: v, Pool: v.Pool("default"),
				Key: func(_, name string) bool { return name == "referer" }}
			s := &specimens.Specimen{}
			r.Fill(s)
			for i := range max(len(x.want), len(s.Keys)) {
				if i >= len(x.want) || i >= len(s.Keys) || !is(&s.Keys[i], x.want[i]) {
					t.Errorf("key %d of %+v, want %v", i, s.Keys, x.want)
					break
				}
			}
		})
	}
}

// is tells whether a key is what a line says: its hashes are those of the values.
func is(k *specimens.Key, line string) bool {
	hash := func(s string) uint64 {
		if s == "" {
			return 0
		}
		return specimens.Hash(s)
	}
	where, what, is := strings.Cut(line, "=")
	if where != fmt.Sprintf("%s:%s", k.Source, k.Name) {
		return false
	}
	if !is {
		return k.Value == 0
	}
	words := strings.Split(what, " ")
	if k.Value != hash(words[0]) {
		return false
	}
	if len(words) < 3 {
		return true
	}
	bases, routes := strings.Split(words[1], ","), strings.Split(words[2], "/")
	return k.IDs == specimens.Splits{{Base: hash(bases[0]), Route: routes[0]}, {Base: hash(bases[1]), Route: routes[1]}}
}

func TestInstance(t *testing.T) {
	v := view(t)
	r := Request{Path: "/restcomm/2012-04-24/Accounts/AC1/Calls/ID9-CA1", Fields: &head.Fields{}, View: v, Pool: v.Pool("default")}
	s := &specimens.Specimen{}
	if r.Fill(s); s.Instance != "node1" {
		t.Errorf("%+v", s)
	}
}

// However much a request brings, only some of it is read.
func TestManyPlaces(t *testing.T) {
	var query, cookies []string
	for i := range 1000 {
		query = append(query, fmt.Sprintf("q%d=%d", i, i))
		cookies = append(cookies, fmt.Sprintf("c%d=%d", i, i))
	}
	v := view(t)
	r := Request{Target: "/", RawPath: "/", Path: "/", Query: strings.Join(query, "&"), Cookies: []string{strings.Join(cookies, ";")}, Fields: &head.Fields{}, View: v,
		Pool: v.Pool("default"), Key: func(string, string) bool { return false }}
	s := &specimens.Specimen{}
	if r.Fill(s); len(s.Keys) != specimens.MaxKeys || slices.ContainsFunc(s.Keys, func(k specimens.Key) bool { return k.Value == 0 }) {
		t.Error(len(s.Keys))
	}
}
