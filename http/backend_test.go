package http

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
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

// What a rule makes of a member is what the member is told, and the router
// heeds (in mod_jk the extensions active, disabled and stopped).
func TestActivationOfARule(t *testing.T) {
	all := pair(t, nil)
	s := byAJP(t, all, func(s *stage) {
		s.pool.Variants = []cluster.Variant{{Name: "drain", Activation: map[string]cluster.Activation{"n1": cluster.Disabled}},
			{Name: "stop", Activation: map[string]cluster.Activation{"n1": cluster.Stopped, "n2": cluster.Disabled}}}
		s.settings.Mounts = mustMounts(t, []MountRule{rule("/*", "default"), {Path: "/dis/*", Pool: "default", Variant: "drain"}, {Path: "/stp/*", Pool: "default", Variant: "stop"}})
	})
	visitor := 0 // nobody's session lives anywhere yet
	for path, want := range map[string]string{"/x n1": "n1 ACT", "/x n2": "n2 ACT", "/dis/x n1": "n1 DIS", "/dis/x n2": "n2 ACT", "/dis/x ": "n2 ACT", "/stp/x n2": "n2 DIS"} {
		path, route, _ := strings.Cut(path, " ")
		for range 3 {
			visitor++
			s.get(path, fmt.Sprintf("Cookie: JSESSIONID=A%d.%s", visitor, route))
		}
		got := taken(all)
		if len(got) != 3 {
			t.Fatalf("%s: %d requests arrived", path, len(got))
		}
		for _, a := range got {
			if told := a.attrs["6"] + " " + a.attrs["JK_LB_ACTIVATION"]; told != want {
				t.Errorf("%s with a session of %q: %s, want %s", path, route, told, want)
			}
		}
	}
}

// What a member is charged with is what went over the wire, for attempts that
// failed as well (mod_jk's transferred and read, and its method traffic).
func TestMembersAreChargedWithWireBytes(t *testing.T) {
	fail := true
	all := pair(t, func(a *asked) string {
		if a.uri == "/drop" && fail {
			return ""
		}
		return page(strings.Repeat("x", 5000))
	})
	s := byAJP(t, all, func(s *stage) { s.settings.Pools = asModJK() })
	s.get("/")
	s.get("/drop")
	fail = false
	s.get("/drop")
	for _, length := range []int{5, 30_000} {
		s.rawSend(fmt.Sprintf("POST /buy HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", length, strings.Repeat("x", length)))
	}
	s.stop() // all is counted now
	for i, m := range s.registry.View().Pool("default").Members {
		if read, sent := m.Load.Read.Load(), m.Load.Sent.Load(); read != all[i].sent.Load() || sent != all[i].read.Load() || sent == 0 {
			t.Errorf("%s is charged with %d read and %d sent, it sent %d and read %d", m.Name, read, sent, all[i].sent.Load(), all[i].read.Load())
		}
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
		{"fields", "/", []string{"X-Large: " + strings.Repeat("a", 9000)}, 413},
		{"target", "/?" + strings.Repeat("a", 8000), []string{"X-Some: " + strings.Repeat("a", 500)}, 413},
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

// An upgrade that no session ties to a node goes to one that can carry it.
func TestUpgradesGoWhereTheyCanBeCarried(t *testing.T) {
	client := &ajp.Client{}
	carries := app(t, "n2", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusUpgradeRequired)
		io.WriteString(w, r.Header.Get("Upgrade"))
	})
	s := newStage(t, []node{{"n1", "ajp://127.0.0.1:1"}, carries, {"n3", "ajp://127.0.0.1:1"}}, func(s *stage) { s.front.Backends["ajp"] = client })
	for _, c := range []struct {
		cookie string
		want   string
	}{
		{"x=y", "426 websocket"}, {"x=y", "426 websocket"}, {"x=y", "426 websocket"}, {"JSESSIONID=A.n9", "426 websocket"},
		{"JSESSIONID=C.n2", "426 websocket"}, {"JSESSIONID=D.n1", "501 Not Implemented\n"},
	} {
		resp, body := s.get("/", "Connection: Upgrade", "Upgrade: websocket", "Cookie: "+c.cookie)
		if got := fmt.Sprintf("%d %s", resp.StatusCode, body); got != c.want {
			t.Errorf("%s: %q, expected %q", c.cookie, got, c.want)
		}
	}
}

// hasty is an AJP node that answers 413 after the first packet of a body and
// asks for no more.
func hasty(t *testing.T) node {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	packets := func(c net.Conn, n int) bool {
		for range n {
			var h [4]byte
			if _, err := io.ReadFull(c, h[:]); err != nil {
				return false
			}
			if _, err := io.CopyN(io.Discard, c, int64(h[2])<<8|int64(h[3])); err != nil {
				return false
			}
		}
		return true
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				for packets(c, 2) {
					io.WriteString(c, "AB\x00\x07\x04\x01\x9d\xff\xff\x00\x00AB\x00\x08\x03\x00\x04said\x00AB\x00\x02\x05\x01")
				}
			}()
		}
	}()
	return node{"n1", "ajp://" + l.Addr().String()}
}

// A client that was told to go on with its body, and then refused, gets the
// answer and a moment to stop.
func TestRefusedInTheMiddleOfABody(t *testing.T) {
	const size = 4 << 20
	client := &ajp.Client{}
	defer client.CloseIdle()
	s := newStage(t, []node{hasty(t)}, func(s *stage) { s.front.Backends["ajp"] = client })
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	in := bufio.NewReader(c)
	fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", size)
	if resp, err := http.ReadResponse(in, nil); err != nil || resp.StatusCode != 100 {
		t.Fatal(resp, err)
	}
	sent := make(chan error, 1)
	go func() {
		_, err := c.Write(make([]byte, size))
		sent <- err
	}()
	resp, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if resp.StatusCode != 413 || string(body) != "said" || err != nil {
		t.Errorf("%d %q %v", resp.StatusCode, body, err)
	}
	if err := <-sent; err != nil {
		t.Errorf("cut off while sending: %v", err)
	}
}
