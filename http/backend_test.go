package http

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"twinhop/gateway/cluster"
	"twinhop/http/ajp"
	"twinhop/http/head"
)

// told notes what a backend is told about the chosen member.
type told struct{ words chan string }

func (b *told) Exchange(_ context.Context, _ string, r *head.Request, _ io.Reader) (*head.Response, error) {
	b.words <- r.Route + " " + r.Activation + " " + r.Peer.Remote.Addr().String()
	return &head.Response{Status: 200, Body: io.NopCloser(strings.NewReader(""))}, nil
}

func TestBackendsAreToldRouteAndActivation(t *testing.T) {
	backend := &told{make(chan string, 1)}
	west := "west"
	s := newStage(t, []node{{"n1", "ajp://127.0.0.1:1"}}, func(s *stage) {
		s.front.Backends["ajp"] = backend
		s.pool.Members = []cluster.MemberSpec{{Node: "n1", Route: &west}}
	})
	for activation, want := range map[cluster.Activation]string{cluster.Active: "west ACT 127.0.0.1", cluster.Disabled: "west DIS 127.0.0.1"} {
		if err := s.registry.SetActivation("", "n1", activation); err != nil {
			t.Fatal(err)
		}
		if resp, _ := s.get("/", "Cookie: JSESSIONID=A.west"); resp.StatusCode != 200 {
			t.Fatalf("%s: %d", activation, resp.StatusCode)
		}
		if got := <-backend.words; got != want {
			t.Errorf("%s: told %q, want %q", activation, got, want)
		}
	}
	if activationWord(cluster.Stopped) != "STP" {
		t.Error("stopped")
	}
}

// A request that AJP cannot carry is refused with what is wrong with it. It
// goes to no other node, for its session is on this one, and says nothing
// about the node.
func TestRequestsThatAProtocolCannotCarry(t *testing.T) {
	var elsewhere atomic.Int32
	other := app(t, "n2", func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) })
	client := &ajp.Client{}
	s := newStage(t, []node{{"n1", "ajp://127.0.0.1:1"}, other}, func(s *stage) { s.front.Backends["ajp"] = client })
	for _, c := range []struct {
		name, target string
		fields       []string
		status       int
	}{
		{"fields", "/", []string{"X-Large: " + strings.Repeat("a", 9000)}, 431},
		{"target", "/?" + strings.Repeat("a", 8000), []string{"X-Some: " + strings.Repeat("a", 500)}, 414},
		{"upgrade", "/", []string{"Connection: Upgrade", "Upgrade: websocket"}, 501},
	} {
		resp, _ := s.get(c.target, append(c.fields, "Cookie: JSESSIONID=A.n1")...)
		if resp.StatusCode != c.status || resp.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %v", c.name, resp.StatusCode, resp.Header)
		}
	}
	if n := elsewhere.Load(); n != 0 {
		t.Errorf("%d requests went to the other node", n)
	}
	if h := s.registry.View().Named("n1").Health(cluster.HTTP); h != cluster.Unknown {
		t.Errorf("the node is %s", h)
	}
	if resp, _ := s.get("/", "Cookie: JSESSIONID=A.n1"); resp.StatusCode != 200 || elsewhere.Load() != 1 {
		t.Errorf("a node that nobody reaches: %d, %d at the other", resp.StatusCode, elsewhere.Load())
	}
}
