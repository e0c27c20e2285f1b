package ajp

import (
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"twinhop/http/conns"
	"twinhop/http/exchangetest"
	"twinhop/http/head"
	"twinhop/http/stale"
)

func get() *head.Request { return &head.Request{Method: "GET", Target: "/", Host: "h"} }

func must(t testing.TB, c *Client, addr string) {
	t.Helper()
	resp, err := c.Exchange(t.Context(), addr, get(), nil)
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
}

// A farm is nodes on pipes, for tests with a clock of their own. It counts
// connections and pings; mute ones answer no ping any more.
type farm struct {
	dialled, pings, requests atomic.Int32
	mute                     atomic.Bool
	all                      sync.WaitGroup
}

func (f *farm) dial(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	f.dialled.Add(1)
	f.all.Go(func() {
		defer theirs.Close()
		for {
			b, err := readPacket(theirs)
			switch {
			case err != nil:
				return
			case b[0] == 10:
				f.pings.Add(1)
				if !f.mute.Load() {
					io.WriteString(theirs, "AB\x00\x01\x09")
				}
			default:
				f.requests.Add(1)
				io.WriteString(theirs, headers(200)+endReuse)
			}
		}
	})
	return ours, nil
}

func TestPings(t *testing.T) {
	for _, c := range []struct {
		name     string
		s        Settings
		requests int
		pings    int32
	}{
		{"none", Settings{}, 3, 0},
		{"after connect", Settings{PingConnect: true}, 3, 1},
		{"before each request", Settings{PingRequest: true}, 3, 3},
		{"both", Settings{PingConnect: true, PingRequest: true}, 3, 3},
	} {
		synctest.Test(t, func(t *testing.T) {
			f := &farm{}
			client := &Client{Default: c.s, Dial: f.dial}
			for range c.requests {
				must(t, client, "n")
			}
			if f.pings.Load() != c.pings || f.dialled.Load() != 1 {
				t.Errorf("%s: %d pings on %d connections", c.name, f.pings.Load(), f.dialled.Load())
			}
			client.CloseIdle()
			f.all.Wait()
		})
	}
}

// A node that takes connections but gives no sign of life gets no request; the
// failure says that nothing was sent.
func TestSilentToPings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &farm{}
		client := &Client{Default: Settings{PingRequest: true, PingTimeout: 3 * time.Second}, Dial: f.dial}
		must(t, client, "n")
		f.mute.Store(true)
		start := time.Now()
		_, err := client.Exchange(t.Context(), "n", post(2), strings.NewReader("ab"))
		if !head.NotSent(err) || !head.Timeout(err) || time.Since(start) != 3*time.Second || f.requests.Load() != 1 {
			t.Errorf("after %v, %d requests: %v", time.Since(start), f.requests.Load(), err)
		}
		if busy, idle := client.Conns("n"); busy+idle != 0 {
			t.Errorf("%d busy, %d idle", busy, idle)
		}
		f.all.Wait()
	})
}

// Each kind of ping waits as long as is agreed for it.
func TestTimesOfPings(t *testing.T) {
	for _, c := range []struct {
		s    Settings
		want [2]time.Duration // on a new connection, on a kept one; 0: not asked
	}{
		{Settings{PingConnect: true, PingRequest: true}, [2]time.Duration{DefaultPingTimeout, DefaultPingTimeout}},
		{Settings{PingConnect: true, PingRequest: true, PingTimeout: 3 * time.Second}, [2]time.Duration{3 * time.Second, 3 * time.Second}},
		{Settings{PingConnect: true, PingRequest: true, PingTimeout: 3 * time.Second, PingConnectTimeout: time.Second, PingRequestTimeout: 2 * time.Second}, [2]time.Duration{time.Second, 2 * time.Second}},
		{Settings{PingRequest: true, PingConnectTimeout: time.Second, PingRequestTimeout: 2 * time.Second}, [2]time.Duration{2 * time.Second, 2 * time.Second}},
		{Settings{PingConnect: true, PingConnectTimeout: time.Second, PingRequestTimeout: 2 * time.Second}, [2]time.Duration{time.Second, 0}},
	} {
		for kept, want := range c.want {
			synctest.Test(t, func(t *testing.T) {
				f := &farm{}
				client := &Client{Default: c.s, Dial: f.dial}
				if kept > 0 {
					must(t, client, "n")
				}
				f.mute.Store(true)
				start := time.Now()
				resp, err := client.Exchange(t.Context(), "n", get(), nil)
				if want == 0 {
					if err != nil {
						t.Fatal(err)
					}
					resp.Body.Close()
				} else if !head.NotSent(err) || !head.Timeout(err) || time.Since(start) != want {
					t.Errorf("%+v, kept %d: after %v: %v", c.s, kept, time.Since(start), err)
				}
				client.CloseIdle()
				f.all.Wait()
			})
		}
	}
}

// A kept connection that dies at the ping costs no request, whatever its
// method: another is opened.
func TestPingFindsADeadConnection(t *testing.T) {
	var conns, requests atomic.Int32
	addr := listen(t, func(c *container, id int) {
		conns.Store(int32(id))
		for {
			b, err := readPacket(c.in)
			if err != nil || b[0] == 10 && requests.Load() == 1 && id == 1 {
				return
			}
			if b[0] == 10 {
				io.WriteString(c, "AB\x00\x01\x09")
				continue
			}
			requests.Add(1)
			io.WriteString(c, headers(200)+endReuse)
		}
	})
	client := all(t, Settings{PingRequest: true})
	must(t, client, addr)
	resp, err := client.Exchange(t.Context(), addr, post(-1), &silentEnd{})
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if conns.Load() != 2 || requests.Load() != 2 {
		t.Errorf("%d connections, %d requests", conns.Load(), requests.Load())
	}
}

type silentEnd struct{}

func (silentEnd) Read([]byte) (int, error) { return 0, io.EOF }

// What comes instead of a sign of life, or with it, spoils the connection.
func TestWrongSignOfLife(t *testing.T) {
	for _, answer := range []string{headers(200), "AB\x00\x02\x09\x00", "AB\x00\x01\x09AB\x00\x01\x09", "AB\x00\x01\x05", "HTTP/1.1 400 \r\n", ""} {
		addr := listen(t, func(c *container, _ int) {
			readPacket(c.in)
			io.WriteString(c, answer)
		})
		p := &Prober{Client: all(t, Settings{}), Timeout: 10 * time.Second}
		if err := p.Probe(t.Context(), addr); err == nil || head.Timeout(err) {
			t.Errorf("%q: %v", answer, err)
		}
	}
}

// Unused connections are asked from time to time, and go when the node is
// silent: one wait for all of them.
func TestIdlePings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &farm{}
		client := &Client{Dial: f.dial, Default: Settings{IdleTimeout: time.Hour, PingInterval: 10 * time.Second, PingTimeout: time.Second}}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- client.Run(ctx) }()
		var open []*head.Response
		for range 3 {
			resp, err := client.Exchange(ctx, "n", get(), nil)
			if err != nil {
				t.Fatal(err)
			}
			open = append(open, resp)
		}
		for _, resp := range open {
			io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		}
		time.Sleep(9 * time.Second)
		if n := f.pings.Load(); n != 0 {
			t.Errorf("%d pings too early", n)
		}
		time.Sleep(27 * time.Second)
		if n := f.pings.Load(); n != 9 { // at 10, 20 and 30 seconds
			t.Errorf("%d pings in 36 s", n)
		}
		if _, idle := client.Conns("n"); idle != 3 {
			t.Errorf("%d idle", idle)
		}
		f.mute.Store(true)
		time.Sleep(16 * time.Second)
		if n := f.pings.Load(); n != 10 {
			t.Errorf("%d pings with a silent node", n-9)
		}
		if busy, idle := client.Conns("n"); busy+idle != 0 {
			t.Errorf("%d busy, %d idle", busy, idle)
		}
		cancel()
		<-done
		f.all.Wait()
	})
}

func TestIdleTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			min, left int
		}{{0, 0}, {2, 2}} {
			f := &farm{}
			client := &Client{Dial: f.dial, Default: Settings{IdleTimeout: 10 * time.Second, MinIdle: c.min}}
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error)
			go func() { done <- client.Run(ctx) }()
			var open []*head.Response
			for range 4 {
				resp, err := client.Exchange(ctx, "n", get(), nil)
				if err != nil {
					t.Fatal(err)
				}
				open = append(open, resp)
			}
			for _, resp := range open {
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
			time.Sleep(9 * time.Second)
			if _, idle := client.Conns("n"); idle != 4 {
				t.Errorf("%d idle before the time", idle)
			}
			time.Sleep(7 * time.Second)
			if _, idle := client.Conns("n"); idle != c.left {
				t.Errorf("%d idle after the time, want %d", idle, c.left)
			}
			must(t, client, "n")
			if n := f.dialled.Load(); c.min > 0 && n != 4 {
				t.Errorf("%d connections: what is kept is not used", n)
			}
			cancel()
			<-done
			if _, idle := client.Conns("n"); idle != 0 {
				t.Errorf("%d idle at the end", idle)
			}
			f.all.Wait()
		}
	})
}

// A request waits for a connection to come free, but not for ever.
func TestWaitForAConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &farm{}
		client := &Client{Dial: f.dial, Default: Settings{MaxConns: 2, AcquireTimeout: time.Second}}
		var waiting sync.WaitGroup
		begin := time.Now()
		for range 20 {
			waiting.Go(func() {
				resp, err := client.Exchange(t.Context(), "n", get(), nil)
				if err != nil {
					t.Error(err)
					return
				}
				time.Sleep(90 * time.Millisecond) // 10 rounds of two
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			})
		}
		waiting.Wait()
		if n := f.dialled.Load(); n != 2 || time.Since(begin) != 900*time.Millisecond {
			t.Errorf("%d connections, %v: somebody waited although one was free", n, time.Since(begin))
		}
		one, err := client.Exchange(t.Context(), "n", get(), nil)
		if err != nil {
			t.Fatal(err)
		}
		two, err := client.Exchange(t.Context(), "n", get(), nil)
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		_, err = client.Exchange(t.Context(), "n", get(), nil)
		if !errors.Is(err, conns.ErrFull) || !head.NotSent(err) || !blameless(err) || time.Since(start) != time.Second {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, err = client.Exchange(ctx, "n", get(), nil); !errors.Is(err, context.DeadlineExceeded) || !head.NotSent(err) {
			t.Error(err)
		}
		one.Body.Close()
		two.Body.Close()
		client.CloseIdle()
		f.all.Wait()
	})
}

// Each wait for a packet has the whole time: questions for the body are no
// sign of a slow node, silence is.
func TestTimeouts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, node := byHand(t, Settings{HeaderTimeout: 2 * time.Second, BodyTimeout: 3 * time.Second})
		go func() {
			readPacket(node)
			for range 4 {
				time.Sleep(1900 * time.Millisecond)
				io.WriteString(node, raw("\x06\x00\x01"))
				readPacket(node)
			}
			io.WriteString(node, headers(200)+chunk("hi"))
			readPacket(node)
		}()
		start := time.Now()
		resp, err := client.Exchange(t.Context(), "n", post(-1), io.MultiReader(strings.NewReader("abcd")))
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(resp.Body)
		if string(text) != "hi" || !head.Timeout(err) || head.NotSent(err) || time.Since(start) != 4*1900*time.Millisecond+3*time.Second {
			t.Errorf("after %v: %q %v", time.Since(start), text, err)
		}
		resp.Body.Close()
	})
	synctest.Test(t, func(t *testing.T) {
		client, node := byHand(t, Settings{HeaderTimeout: 2 * time.Second})
		go io.Copy(io.Discard, node)
		start := time.Now()
		_, err := client.Exchange(t.Context(), "n", get(), nil)
		if !head.Timeout(err) || head.NotSent(err) || time.Since(start) != 2*time.Second {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
	})
}

// lateConn sets its first read deadline only after the context has ended and
// broken all waits, so that the deadline overwrites that.
type lateConn struct {
	net.Conn
	cancel context.CancelFunc
	once   sync.Once
	broken chan struct{}
}

func (c *lateConn) SetDeadline(t time.Time) error {
	err := c.Conn.SetDeadline(t)
	select {
	case <-c.broken:
	default:
		close(c.broken)
	}
	return err
}

func (c *lateConn) SetReadDeadline(t time.Time) error {
	c.once.Do(func() { c.cancel(); <-c.broken })
	return c.Conn.SetReadDeadline(t)
}

func TestCancelledBesideADeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer theirs.Close()
		go io.Copy(io.Discard, theirs)
		ctx, cancel := context.WithCancel(t.Context())
		client := &Client{Dial: func(context.Context, string, string) (net.Conn, error) {
			return &lateConn{Conn: ours, cancel: cancel, broken: make(chan struct{})}, nil
		}}
		start := time.Now()
		_, err := client.Exchange(ctx, "n", get(), nil)
		if !errors.Is(err, context.Canceled) || time.Since(start) != 0 {
			t.Errorf("ended after %v: %v", time.Since(start), err)
		}
	})
}

func TestProber(t *testing.T) {
	status := 404
	addr := scripted(t, func(r *exchangetest.Received) exchangetest.Answer {
		if r.Target != "/alive?x" || r.Method != "GET" {
			t.Errorf("%s %s", r.Method, r.Target)
		}
		return exchangetest.Answer{Status: status}
	})
	for _, p := range []*Prober{{}, {Path: "/alive?x"}, {Client: all(t, Settings{Secret: "s"}), Path: "/alive?x"}} {
		if err := p.Probe(t.Context(), addr); err != nil {
			t.Error(err)
		}
		if err := p.Probe(t.Context(), "127.0.0.1:1"); err == nil {
			t.Error("nobody is alive")
		}
	}
	status = 503
	if err := (&Prober{Path: "/alive?x"}).Probe(t.Context(), addr); err == nil {
		t.Error("503 is alive")
	}
	if err := (&Prober{}).Probe(t.Context(), addr); err != nil {
		t.Errorf("a connector lives whatever its applications say: %v", err)
	}
}

func TestSettingsPerNode(t *testing.T) {
	seen := make(chan string, 2)
	node := func() string {
		return listen(t, func(c *container, _ int) {
			if r := c.request(); r != nil {
				seen <- r.attr("12")
				io.WriteString(c, headers(200)+endClose)
			}
		})
	}
	a, b := node(), node()
	client := &Client{Nodes: map[string]Settings{a: {Secret: "of a"}}, Default: Settings{Secret: "of others"}}
	for addr, want := range map[string]string{a: "of a", b: "of others"} {
		must(t, client, addr)
		if got := <-seen; got != want {
			t.Errorf("secret %q, want %q", got, want)
		}
	}
}

// A limit of writes that ran out while the connection lay unused says nothing
// about the next ping.
func TestPingAfterALongRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &farm{}
		client := &Client{Dial: f.dial, Default: Settings{PingRequest: true, BodyTimeout: time.Second, IdleTimeout: time.Hour}}
		for range 3 {
			must(t, client, "n")
			time.Sleep(time.Minute)
		}
		if n := f.dialled.Load(); n != 1 || f.pings.Load() != 3 {
			t.Errorf("%d connections, %d pings", n, f.pings.Load())
		}
		client.CloseIdle()
		f.all.Wait()
	})
}

// untilSpoilt dials for c and returns what waits until the connection dialled
// last has something to read, or its end.
func untilSpoilt(c *Client) (wait func()) {
	var last net.Conn
	c.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		var d net.Dialer
		var err error
		last, err = d.DialContext(ctx, network, addr)
		return last, err
	}
	return func() {
		var look stale.Check
		for look.Watch(last); look.Quiet(); {
			runtime.Gosched()
		}
	}
}

// A node that closed, or said something unasked, while a connection lay unused
// costs no request, not even one that must not be repeated.
func TestSpoiledKeptConnectionIsNotUsed(t *testing.T) {
	for _, farewell := range []string{"", "AB\x00\x01\x09", headers(200) + endReuse} {
		addr := listen(t, func(c *container, _ int) {
			if c.request() != nil {
				readPacket(c.in)
				io.WriteString(c, headers(200)+endReuse)
				io.WriteString(c, farewell)
				c.Conn.(*net.TCPConn).CloseWrite()
				io.Copy(io.Discard, c.Conn)
			}
		})
		client := all(t, Settings{})
		arrived := untilSpoilt(client)
		for i := range 3 {
			resp, err := client.Exchange(t.Context(), addr, post(1), strings.NewReader("x"))
			if err != nil || resp.Status != 200 {
				t.Fatalf("POST %d: %v %v", i, resp, err)
			}
			io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
			arrived()
		}
		client.CloseIdle()
	}
}
