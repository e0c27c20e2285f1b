package http

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"twinhop/gateway/cluster"
	"twinhop/http/h1"
)

// stoodIn is a stage whose only node is stopped, with another host in its stead.
func stoodIn(t *testing.T, proxy string) *stage {
	client := &h1.Client{ConnectTimeout: 20 * time.Second, MaxConns: 2}
	s := newStage(t, []node{namedNode(t, "n1")}, func(s *stage) {
		s.settings.Unavailable.Proxy, s.front.StandIn = proxy, client
	})
	t.Cleanup(client.CloseIdle)
	if err := s.registry.SetActivation("", "n1", cluster.Stopped); err != nil {
		t.Fatal(err)
	}
	return s
}

// With no node the other host gets the request as it came; its answer is kept
// by nobody and takes no session away. With a node it gets nothing.
func TestAHostStandsIn(t *testing.T) { lanes(t, aHostStandsIn) }

func aHostStandsIn(t *testing.T) {
	r := newRecorder(t, "sorry")
	s := stoodIn(t, r.addr)
	r.answer("HTTP/1.1 200 OK\r\nDate: x\r\nCache-Control: max-age=3600\r\nExpires: Thu, 01 Jan 2037 00:00:00 GMT\r\nSet-Cookie: JSESSIONID=other; Path=/\r\n" +
		"Set-Cookie: seen=1\r\nX-Twinhop-X: y\r\nContent-Length: 5\r\n\r\nsorry")
	resp, body := s.get("/app;v=1?x=1", "Cookie: JSESSIONID=A.n1; a=b")
	if resp.StatusCode != 200 || body != "sorry" || fmt.Sprint(resp.Header["Cache-Control"]) != "[no-store]" || resp.Header.Get("Expires") != "" ||
		fmt.Sprint(resp.Header["Set-Cookie"]) != "[seen=1]" || resp.Header.Get("X-Twinhop-X") != "" {
		t.Errorf("%d %q %v", resp.StatusCode, body, resp.Header)
	}
	got := r.take()
	if len(got) != 1 || !strings.HasPrefix(got[0], "GET /app;v=1?x=1 HTTP/1.1\r\nHost: "+s.addr+"\r\n") || !strings.Contains(got[0], "\r\nCookie: JSESSIONID=A.n1; a=b\r\n") ||
		!strings.Contains(got[0], "\r\nX-Forwarded-For: 127.0.0.1\r\n") {
		t.Errorf("it got %q", got)
	}
	answer := s.rawSend("POST /buy HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbody")
	if got := r.take(); !strings.HasPrefix(answer, "HTTP/1.1 200 ") || len(got) != 1 || !strings.HasSuffix(got[0], "\r\n\r\nbody") {
		t.Errorf("%q, it got %q", answer, got)
	}
	r.answer("HTTP/1.1 404 Not Found\r\nDate: x\r\nContent-Length: 0\r\n\r\n") // its own word, whatever it is
	if resp, _ := s.get("/"); resp.StatusCode != 404 {
		t.Errorf("%d", resp.StatusCode)
	}
	r.take()
	if err := s.registry.SetActivation("", "n1", cluster.Active); err != nil {
		t.Fatal(err)
	}
	if _, body := s.get("/"); body != "n1" || len(r.take()) != 0 {
		t.Errorf("with a node: %q", body)
	}
}

// Nodes that nobody knows to be dead yet, none of which can be reached, are as
// good as none, also for a POST; a node that got a request is not.
func TestAHostStandsInForNodesThatCannotBeReached(t *testing.T) {
	lanes(t, aHostStandsInForNodesThatCannotBeReached)
}

func aHostStandsInForNodesThatCannotBeReached(t *testing.T) {
	r, client := newRecorder(t, "sorry"), &h1.Client{}
	t.Cleanup(client.CloseIdle)
	reaching := func(nodes ...node) *stage {
		return newStage(t, nodes, func(s *stage) {
			s.settings.Unavailable.Proxy, s.front.StandIn, s.pool.SessionID = r.addr, client, cluster.BaseRoute
		})
	}
	s := reaching(node{"n1", "127.0.0.1:1"}, node{"n2", "127.0.0.1:1"})
	const request = "POST /a;jsessionid=A.n9?x HTTP/1.1\r\nHost: h\r\nConnection: close\r\nCookie: JSESSIONID=A.n9\r\nContent-Length: 4\r\n\r\nbody"
	answer, got := s.rawSend(request), r.take()
	if !strings.HasPrefix(answer, "HTTP/1.1 200 ") || len(got) != 1 || !strings.HasPrefix(got[0], "POST /a;jsessionid=A.n9?x ") ||
		!strings.Contains(got[0], "\r\nCookie: JSESSIONID=A.n9\r\n") || !strings.HasSuffix(got[0], "\r\n\r\nbody") {
		t.Errorf("%q, it got %q", answer, got)
	}
	dies := app(t, "n1", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	if answer := reaching(dies).rawSend(request); !strings.HasPrefix(answer, "HTTP/1.1 502 ") || len(r.take()) != 0 {
		t.Errorf("a node has it: %q", answer)
	}
}

// A host that fails is no worse than none, and gets nothing twice.
func TestAHostThatStandsInFails(t *testing.T) { lanes(t, aHostThatStandsInFails) }

func aHostThatStandsInFails(t *testing.T) {
	var asked atomic.Int32
	dies := app(t, "sorry", func(http.ResponseWriter, *http.Request) {
		asked.Add(1)
		panic(http.ErrAbortHandler)
	})
	for addr, want := range map[string]int32{"127.0.0.1:1": 0, dies.addr: 1} {
		asked.Store(0)
		s := stoodIn(t, addr)
		resp, _ := s.get("/")
		if resp.StatusCode != 503 || resp.Header.Get("Retry-After") != "5" || resp.Header.Get("Cache-Control") != "no-store" || asked.Load() != want {
			t.Errorf("%s: %d %v, asked %d times", addr, resp.StatusCode, resp.Header, asked.Load())
		}
		if resp, _ := s.get("/", "Connection: Upgrade", "Upgrade: websocket"); resp.StatusCode != 503 || asked.Load() != want {
			t.Errorf("%s, upgrade: %d", addr, resp.StatusCode)
		}
	}
}

// Requests that lead back to the gateway do not go round for ever.
func TestAHostThatIsTheGatewayItself(t *testing.T) {
	s := stoodIn(t, "")
	again := s.settings
	again.Unavailable.Proxy = s.addr
	s.front.Apply(&again)
	if resp, _ := s.get("/"); resp.StatusCode != 503 {
		t.Errorf("%d", resp.StatusCode)
	}
}

// A large body reaches the host that stands in, and its large answer the client.
func TestAHostThatStandsInStreams(t *testing.T) {
	const size = 3 << 20
	echo := app(t, "sorry", func(w http.ResponseWriter, r *http.Request) {
		http.NewResponseController(w).EnableFullDuplex()
		io.Copy(w, r.Body)
	})
	s := stoodIn(t, echo.addr)
	r, _ := http.NewRequest("POST", "http://"+s.addr+"/", &pattern{size})
	r.ContentLength = -1
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if n, err := io.Copy(io.Discard, resp.Body); n != size || err != nil {
		t.Errorf("%d bytes, %v", n, err)
	}
}
