package http

import (
	"fmt"
	"strings"
	"testing"

	"twinhop/appsession"
	"twinhop/gateway"
	"twinhop/gateway/cluster"
)

// call has a node place a call of the application session with this key, as
// the SIP front tells of it.
func (s *stage) call(key, callID, node string) {
	v := s.registry.View()
	a := &gateway.Ask{Kind: gateway.Open, Wants: cluster.SIP, View: v, Pool: v.Pool("default")}
	a.Add(appsession.Key{Space: appsession.App, Value: key}, gateway.SourceAppKey)
	a.Add(appsession.Key{Space: appsession.Call, Value: callID}, gateway.SourceCallID)
	if _, err := s.front.Router.Learn(s.t.Context(), v.Named(node), a); err != nil {
		s.t.Fatal(err)
	}
}

// A URL with an application session key goes where the calls of that session
// are, in every spelling.
func TestApplicationSessionKeys(t *testing.T) { lanes(t, applicationSessionKeys) }

func applicationSessionKeys(t *testing.T) {
	const name = "org.mobicents.servlet.sip.ApplicationSessionKey"
	s := newStage(t, []node{namedNode(t, "n1"), namedNode(t, "n2"), namedNode(t, "n3")}, nil)
	for i, c := range []struct{ key, path string }{
		{"3f2a-%d:click2call", "/call?" + name + "=3f2a-%d:click2call"},
		{"3f2a-%d:click2call", "/call?to=bob&" + name + "=3f2a-%d%%3Aclick2call"},
		{"3f2a-%d", "/call;" + name + "=3f2a-%d?to=bob"},
		{"3f2a-%d:a b", "/x/call%%3B" + name + "%%3D3f2a-%d%%3Aa%%20b/y"},
		{"+49%d:app", "/call?" + name + "=+49%d:app"},
	} {
		for node := 1; node <= 3; node++ {
			n := 10*i + node
			at := fmt.Sprint("n", node)
			s.call(fmt.Sprintf(c.key, n), fmt.Sprint("call", n), at)
			path := fmt.Sprintf(c.path, n)
			if got := s.served(3, path); got[at] != 3 {
				t.Errorf("%s: the call is on %s: %v", path, at, got)
			}
		}
	}
	// What is no key is as if it were not there.
	for _, path := range []string{"/?" + name + "=a&" + name + "=b", "/?" + name + "=%0d", "/?" + name + "=", "/?" + name + "=" + strings.Repeat("k", 300)} {
		if got := s.served(3, path); len(got) != 3 {
			t.Errorf("%.90s: %v", path, got)
		}
	}
}

// The page may come before the call: whichever is first, the other follows.
func TestTheCallFollowsThePageByItsKey(t *testing.T) {
	s := newStage(t, []node{namedNode(t, "n1"), namedNode(t, "n2")}, nil)
	s.served(1, "/") // so that it is not the first node's turn
	s.served(1, "/call?org.mobicents.servlet.sip.ApplicationSessionKey=k1")
	v := s.registry.View()
	a := &gateway.Ask{Kind: gateway.Open, Wants: cluster.HTTP, View: v, Pool: v.Pool("default")}
	a.Add(appsession.Key{Space: appsession.App, Value: "k1"}, gateway.SourceAppKey)
	d, err := s.front.Router.Route(t.Context(), a)
	if err != nil || d.Member.Name != "n2" || d.Rule != gateway.AffinityCustom {
		t.Errorf("%v %v", d, err)
	}
	d.Done(gateway.OK, gateway.Usage{})
}

// A browser that has its session elsewhere: who leads decides.
func TestApplicationSessionKeyAgainstACookie(t *testing.T) {
	for leader, want := range map[gateway.Leader]string{gateway.LeaderHTTP: "n1", gateway.LeaderSIP: "n2"} {
		s := newStage(t, []node{namedNode(t, "n1"), namedNode(t, "n2")}, func(s *stage) { s.leader = leader })
		s.call("k1", "c1", "n2")
		if got := s.served(3, "/?org.mobicents.servlet.sip.ApplicationSessionKey=k1", "Cookie: JSESSIONID=A.n1"); got[want] != 3 {
			t.Errorf("leader %d: %v", leader, got)
		}
	}
}
