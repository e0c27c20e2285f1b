package e2e

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// socketNode is a node with a WebSocket that says hello with the node's name and the session,
// and then gives back what it is told. /app/plain.jsp sets the session cookie.
func socketNode(t testing.TB, name string) string {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, _ := r.Cookie("JSESSIONID")
		if r.Header.Get("Upgrade") == "" {
			if id == nil {
				http.SetCookie(w, &http.Cookie{Name: "JSESSIONID", Value: fmt.Sprintf("S%d.%s", time.Now().UnixNano(), name), Path: "/app"})
			}
			fmt.Fprintf(w, "node=%s\nend=1\n", name)
			return
		}
		c, _, _, err := ws.UpgradeHTTP(r, w)
		if err != nil {
			return
		}
		defer c.Close()
		_ = wsutil.WriteServerText(c, fmt.Appendf(nil, "%s %v", name, id))
		for {
			msg, op, err := wsutil.ReadClientData(c)
			if err != nil || wsutil.WriteServerMessage(c, op, msg) != nil {
				return
			}
		}
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

// A socket is one WebSocket through the gateway.
type socket struct {
	net.Conn
	in    io.Reader
	hello string
}

func (s *socket) Read(p []byte) (int, error) { return s.in.Read(p) }

func (w *world) dial(t testing.TB, cookie string) *socket {
	t.Helper()
	d := ws.Dialer{Header: ws.HandshakeHeaderHTTP(http.Header{"Cookie": {cookie}}), Timeout: 10 * time.Second}
	c, early, _, err := d.Dial(context.Background(), strings.Replace(w.http, "http:", "ws:", 1)+"/app/socket")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if early == nil {
		early = bufio.NewReader(c)
	}
	s := &socket{Conn: c, in: early}
	c.SetDeadline(time.Now().Add(20 * time.Second))
	hello, err := wsutil.ReadServerText(s)
	if err != nil {
		t.Fatal(err)
	}
	s.hello = string(hello)
	return s
}

// echoes passes messages of several sizes to and fro.
func (s *socket) echoes() error {
	for _, size := range []int{1, 126, 70_000, 1 << 20} {
		msg := bytes.Repeat([]byte("m"), size)
		sent := make(chan error, 1)
		go func() { sent <- wsutil.WriteClientBinary(s, msg) }()
		got, _, err := wsutil.ReadServerData(s)
		if err != nil || !bytes.Equal(got, msg) {
			return fmt.Errorf("%d of %d bytes came back: %w", len(got), size, err)
		}
		if err := <-sent; err != nil {
			return err
		}
	}
	return nil
}

// A WebSocket follows its session: the upgrade goes where the cookie leads, also to a node that
// gets no new sessions any more, and goes on when its node is taken out and while the gateway
// announces that it leaves. At the end of the gateway it ends.
func TestWebSocketFollowsItsSession(t *testing.T) {
	w := set(t, stage{Web: [2]string{socketNode(t, "node1"), socketNode(t, "node2")}, Config: "shutdown: {announce: 1s, grace: 5s}\n"})
	cookies := map[string]string{}
	for n := 0; len(cookies) < 2 && n < 50; n++ {
		p, err := fetch(directly, "GET", w.http+"/app/plain.jsp", nil)
		if err != nil {
			t.Fatal(err)
		}
		cookies[p.node], _, _ = strings.Cut(p.header.Get("Set-Cookie"), ";")
	}
	if len(cookies) < 2 {
		t.Fatal("50 browsers met one node")
	}
	meets := func(name string) *socket {
		t.Helper()
		s := w.dial(t, cookies[name])
		if want := name + " " + cookies[name]; s.hello != want {
			t.Errorf("the socket of %s said %q, want %q", name, s.hello, want)
		}
		if err := s.echoes(); err != nil {
			t.Errorf("the socket of %s: %v", name, err)
		}
		return s
	}
	var open []*socket
	for range 5 {
		open = append(open, meets("node1"), meets("node2"))
	}
	for _, word := range []string{"disabled", "stopped"} {
		var got node
		if err := w.ask("PATCH", "/api/v1/nodes/node1", map[string]any{"activation": word, "reason": "test"}, &got); err != nil {
			t.Fatal(err)
		}
		for _, s := range open {
			if err := s.echoes(); err != nil {
				t.Errorf("node1 is %s, an open socket (%.5s): %v", word, s.hello, err)
			}
		}
		if word == "disabled" {
			meets("node1")
		} else if s := w.dial(t, cookies["node1"]); !strings.HasPrefix(s.hello, "node2") {
			t.Errorf("node1 is stopped, a new socket said %q", s.hello)
		}
	}
	if err := w.proc.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for _, s := range open {
		if err := s.echoes(); err != nil {
			t.Errorf("while the gateway announces that it leaves (%.5s): %v", s.hello, err)
		}
	}
	for _, s := range open {
		if _, err := io.ReadAll(s); isTimeout(err) {
			t.Errorf("a socket outlives the gateway: %v", err)
		}
	}
	if err := w.proc.wait(10 * time.Second); err != nil {
		t.Errorf("with open sockets: %v, want exit status 0", err)
	}
}

func isTimeout(err error) bool {
	t, ok := err.(net.Error)
	return ok && t.Timeout()
}
