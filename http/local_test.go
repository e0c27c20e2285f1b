package http

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"twinhop/gateway"
)

// A path of the gateway gets requests for upgrades with what they say of a session, in whatever way: behind requests that were
// served without net/http, by TLS, with the id in path, cookie or query. The connection is the handler's, with all that was sent on it.
func TestLocalPathTakesUpgrades(t *testing.T) {
	said := make(chan string, 1)
	local := func(s *stage) {
		s.front.Local = map[string]LocalHandler{"/sip": func(w http.ResponseWriter, r *http.Request, ev []gateway.Evidence, hint gateway.Hint) {
			if r.Header.Get("Origin") != "" {
				http.Error(w, "no", http.StatusForbidden)
				return
			}
			keys := ""
			for _, e := range ev {
				keys += e.Key.Value + " "
			}
			conn, rw, err := http.NewResponseController(w).Hijack()
			if err != nil {
				said <- err.Error()
				return
			}
			_, secret := conn.(*tls.Conn)
			said <- fmt.Sprintf("%s%s upgrade=%s tls=%t", keys, hint.Route, r.Header.Get("Upgrade"), secret)
			go func() {
				defer conn.Close()
				io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\n\r\n")
				line, _ := rw.ReadString('\n')
				io.WriteString(conn, line)
			}()
		}}
	}
	plain := newStage(t, []node{namedNode(t, "n1")}, local)
	secret, client := secured(t, []node{namedNode(t, "n1")}, local)
	early := strings.Repeat("x", 9000) + "\n" // more than any buffer on the way holds
	for _, c := range []struct{ first, target, fields, want string }{
		{"", "/sip;jsessionid=A.n1", "", "A n1"},
		{"", "/sip", "Cookie: x=y; JSESSIONID=B.n1\r\n", "B n1"},
		{"", "/sip?appsession=alice", "Cookie: JSESSIONID=C.n1\r\n", "alice C n1"},
		{"GET /app HTTP/1.1\r\nHost: x\r\n\r\n", "/sip", "Cookie: JSESSIONID=D.n1\r\n", "D n1"},
		{"", "/sip", "", ""},
	} {
		for _, way := range []struct {
			name string
			dial func() (net.Conn, error)
		}{
			{"false", func() (net.Conn, error) { return net.Dial("tcp", plain.addr) }},
			{"true", func() (net.Conn, error) { return tls.Dial("tcp", secret.addr, client) }},
		} {
			conn, err := way.dial()
			if err != nil {
				t.Fatal(err)
			}
			in := bufio.NewReader(conn)
			if c.first != "" {
				io.WriteString(conn, c.first)
				resp, err := http.ReadResponse(in, nil)
				if err != nil {
					t.Fatal(err)
				}
				io.Copy(io.Discard, resp.Body)
			}
			go io.WriteString(conn, "GET "+c.target+" HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+c.fields+"\r\n"+early)
			if got, want := <-said, c.want+" upgrade=websocket tls="+way.name; got != want {
				t.Errorf("%s %s by TLS %s: %q, want %q", c.target, c.fields, way.name, got, want)
			}
			got, err := io.ReadAll(in)
			if want := "HTTP/1.1 101 Switching Protocols\r\n\r\n" + early; string(got) != want || err != nil {
				t.Errorf("%s by TLS %s: %d bytes, %v", c.target, way.name, len(got), err)
			}
			conn.Close()
		}
	}
}

// What a path of the gateway answers by itself counts as what it is.
func TestLocalPathRefuses(t *testing.T) {
	registry := prometheus.NewRegistry()
	s := newStage(t, []node{namedNode(t, "n1")}, func(s *stage) {
		m, err := NewMetrics(registry)
		if err != nil {
			t.Fatal(err)
		}
		s.front.Metrics = m
		s.front.Local = map[string]LocalHandler{"/sip": func(w http.ResponseWriter, _ *http.Request, _ []gateway.Evidence, _ gateway.Hint) {
			http.Error(w, "no", http.StatusForbidden)
		}}
	})
	if resp, body := s.get("/sip"); resp.StatusCode != http.StatusForbidden || body != "no\n" {
		t.Errorf("%d %q", resp.StatusCode, body)
	}
	all, err := testutil.GatherAndCount(registry, "twinhop_http_requests_total")
	if err != nil || all != 1 {
		t.Errorf("%d, %v", all, err)
	}
	families, _ := registry.Gather()
	for _, f := range families {
		if f.GetName() == "twinhop_http_requests_total" {
			if text := f.String(); !strings.Contains(text, "4xx") && !strings.Contains(text, "403") {
				t.Error(text)
			}
		}
	}
}
