package http

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"twinhop/appsession"
	"twinhop/appsession/memstore"
	"twinhop/gateway"
)

// echoSocket is an application that answers each WebSocket message with
// itself, and tells its name first.
func echoSocket(t testing.TB, name string) node {
	return app(t, name, func(w http.ResponseWriter, r *http.Request) {
		c, _, _, err := ws.UpgradeHTTP(r, w)
		if err != nil {
			return
		}
		defer c.Close()
		wsutil.WriteServerText(c, []byte(name+" "+r.Header.Get("X-Forwarded-For")))
		for {
			msg, op, err := wsutil.ReadClientData(c)
			if err != nil {
				return
			}
			if wsutil.WriteServerMessage(c, op, msg) != nil {
				return
			}
		}
	})
}

func (s *stage) dialSocket(t *testing.T, cookie string) net.Conn {
	t.Helper()
	d := ws.Dialer{Header: ws.HandshakeHeaderHTTP(http.Header{"Cookie": {cookie}})}
	c, early, _, err := d.Dial(context.Background(), "ws://"+s.addr+"/chat")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if early != nil {
		return &earlyConn{c, io.MultiReader(io.LimitReader(early, int64(early.Buffered())), c)}
	}
	return c
}

type earlyConn struct {
	net.Conn
	r io.Reader
}

func (c *earlyConn) Read(p []byte) (int, error) { return c.r.Read(p) }

func TestWebSocket(t *testing.T) {
	s := newStage(t, []node{echoSocket(t, "n1"), echoSocket(t, "n2")}, nil)
	for _, name := range []string{"n1", "n2", "n1"} {
		c := s.dialSocket(t, "JSESSIONID=W"+name+"."+name)
		if hello, err := wsutil.ReadServerText(c); err != nil || string(hello) != name+" 127.0.0.1" {
			t.Fatalf("%q %v", hello, err)
		}
		for _, size := range []int{0, 1, 125, 70000, 1 << 20} {
			msg := bytes.Repeat([]byte("x"), size)
			go wsutil.WriteClientBinary(c, msg)
			if got, _, err := wsutil.ReadServerData(c); err != nil || !bytes.Equal(got, msg) {
				t.Fatalf("%d bytes: %d came back, %v", size, len(got), err)
			}
		}
		c.Close()
	}
}

func TestManyTunnelsAreBoundedAndEndAtShutdown(t *testing.T) {
	s := newStage(t, []node{echoSocket(t, "n1")}, nil)
	conns := make([]net.Conn, 50)
	for i := range conns {
		conns[i] = s.dialSocket(t, "")
		if _, err := wsutil.ReadServerText(conns[i]); err != nil {
			t.Fatal(err)
		}
	}
	if busy, _ := s.client.Conns(s.registry.View().Nodes[0].Addr(0).Addr.String()); busy != len(conns) {
		t.Errorf("%d connections to the node", busy)
	}
	s.stop()
	for i, c := range conns {
		c.SetReadDeadline(time.Now().Add(5 * time.Second))
		if _, err := io.ReadAll(c); err != nil && !strings.Contains(err.Error(), "reset") {
			t.Errorf("tunnel %d is open after the shutdown: %v", i, err)
		}
	}
	if n := runtime.NumGoroutine(); n > 200 {
		t.Errorf("%d goroutines", n)
	}
}

// A node that ends gives the client its last bytes, and a client that ends
// gets the node's.
func TestTunnelHalfClosed(t *testing.T) {
	s := newStage(t, []node{app(t, "n1", func(w http.ResponseWriter, r *http.Request) {
		c, rw, _ := http.NewResponseController(w).Hijack()
		defer c.Close()
		fmt.Fprintf(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: rot\r\nX-Kept: 1\r\n\r\n")
		all, _ := io.ReadAll(rw)
		fmt.Fprintf(c, "got %q", all)
	})}, nil)
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: rot\r\n\r\nearly ")
	in := bufio.NewReader(c)
	resp, err := http.ReadResponse(in, nil)
	if err != nil || resp.StatusCode != 101 || resp.Header.Get("Upgrade") != "rot" || resp.Header.Get("X-Kept") != "1" {
		t.Fatal(resp, err)
	}
	io.WriteString(c, "late")
	c.(*net.TCPConn).CloseWrite()
	if got, _ := io.ReadAll(in); string(got) != `got "early late"` {
		t.Errorf("%q", got)
	}
}

func TestRefusedUpgradeIsAnOrdinaryAnswer(t *testing.T) {
	s := newStage(t, []node{app(t, "n1", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Upgrade", "websocket")
		w.WriteHeader(426)
		io.WriteString(w, "no")
	})}, nil)
	resp, body := s.get("/", "Connection: Upgrade", "Upgrade: websocket")
	if resp.StatusCode != 426 || body != "no" {
		t.Errorf("%d %q", resp.StatusCode, body)
	}
}

// A silent tunnel ends; one that is used in a single direction does not.
func TestIdleTunnelEnds(t *testing.T) {
	s := newStage(t, []node{echoSocket(t, "n1")}, func(s *stage) { s.settings.TunnelIdle = 50 * time.Millisecond })
	c := s.dialSocket(t, "")
	wsutil.ReadServerText(c)
	if _, err := io.ReadAll(c); err != nil && !strings.Contains(err.Error(), "reset") {
		t.Error(err)
	}
}

// A session stays in the table as long as its tunnel runs, and not longer.
func TestTunnelKeepsItsSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New(memstore.Options{MaxKeys: 100, Idle: time.Minute})
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { store.Run(ctx) })
		key := appsession.Key{Space: appsession.HTTP, Value: "A"}
		store.Bind(ctx, appsession.Binding{ID: appsession.Namer{}.ID(key), Owner: "n1"}, []appsession.Alias{{Key: key}})
		x := &visit{f: &Front{Router: &gateway.Router{Store: store}}}
		x.ask.Add(key, gateway.SourceCookie)
		open, hangUp := context.WithCancel(ctx)
		running.Go(func() { x.touch(open) })
		found := func() bool { _, err := store.Find(ctx, []appsession.Key{key}); return err == nil }
		time.Sleep(10 * time.Minute)
		if !found() {
			t.Error("the session ended under its tunnel")
		}
		hangUp()
		time.Sleep(3 * time.Minute)
		if found() {
			t.Error("the session outlives its tunnel")
		}
		cancel()
		running.Wait()
	})
}
