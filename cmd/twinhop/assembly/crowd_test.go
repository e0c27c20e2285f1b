package assembly

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"twinhop/gateway/config"
)

// The limits of client connections hold as configured, and as configured anew;
// the hosts of nodes are exempt from that of one source.
func TestClientConnectionsAreBounded(t *testing.T) {
	node := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "here") }))
	defer node.Close()
	with := func(total, perSource int) config.Config {
		c := settings(t, node.URL)
		c.Limits.Trusted, c.Limits.HTTP.Connections, c.Limits.HTTP.ConnectionsPerSource = nil, total, perSource
		return c
	}
	g := atWork(t, with(10, 1))
	// visit asks once on a connection of its own, which stays.
	visit := func(from string) bool {
		t.Helper()
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
		conn, err := d.DialContext(t.Context(), "tcp4", g.Addrs().HTTP[0])
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: h\r\n\r\n"); err != nil {
			return false
		}
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			return false
		}
		body, _ := io.ReadAll(resp.Body)
		return string(body) == "here"
	}
	for i, tt := range []struct {
		from string
		in   bool
	}{{"127.0.0.2", true}, {"127.0.0.2", false}, {"127.0.0.3", true}, {"127.0.0.1", true}, {"127.0.0.1", true}} {
		if visit(tt.from) != tt.in {
			t.Errorf("connection %d from %s is served: %v", i, tt.from, !tt.in)
		}
	}
	r, err := g.Reload(t.Context(), with(5, 2))
	if err != nil || !slices.Equal(r.Now, []string{"limits.http.connections", "limits.http.connectionsPerSource"}) {
		t.Fatalf("%+v %v", r, err)
	}
	if !visit("127.0.0.2") || visit("127.0.0.1") {
		t.Error("the new limits do not hold")
	}
	if s := g.crowd.Stats(); s.Open != 5 || s.RefusedTotal != 1 || s.RefusedSource != 1 {
		t.Errorf("%+v", s)
	}
}
