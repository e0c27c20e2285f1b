package lean

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"twinhop/http/head"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A rig is a Server before net/http's, which says "long" where ours says
// "short".
type rig struct {
	t    *testing.T
	s    *Server
	addr string
	long *http.Server
	stop func()
}

func newRig(t *testing.T, change func(*Server)) *rig {
	t.Helper()
	s := &Server{HeaderBytes: 32 << 10, HeaderTimeout: time.Minute, IdleTimeout: time.Minute, Stall: func() time.Duration { return time.Minute }}
	s.Handle = func(c *Conn) Verdict {
		var q head.Request
		if !c.Request(&q) {
			return Elsewhere
		}
		return say(c, "short "+q.Target+" "+string(c.Body))
	}
	if change != nil {
		change(s)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	long := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		io.WriteString(w, "long "+r.RequestURI+" "+string(body))
	})}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { long.Serve(s.Listen(l)) })
	running.Go(func() { s.Run(ctx) })
	r := &rig{t: t, s: s, addr: l.Addr().String(), long: long}
	r.stop = sync.OnceFunc(func() {
		long.Close()
		if err := s.Shutdown(t.Context()); err != nil && t.Context().Err() == nil {
			t.Error(err)
		}
		cancel()
		running.Wait()
	})
	t.Cleanup(r.stop)
	return r
}

func say(c *Conn, text string) Verdict {
	c.Answer(200, &head.Fields{}, int64(len(text)))
	c.Write([]byte(text))
	return Served
}

func (r *rig) dial() (net.Conn, *bufio.Reader) {
	r.t.Helper()
	c, err := net.Dial("tcp", r.addr)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(30 * time.Second))
	return c, bufio.NewReader(c)
}

func (r *rig) answer(in *bufio.Reader, want string) *http.Response {
	r.t.Helper()
	resp, err := http.ReadResponse(in, nil)
	if err != nil {
		r.t.Fatalf("instead of %q: %v", want, err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil || string(body) != want {
		r.t.Errorf("%q %v, want %q", body, err, want)
	}
	return resp
}

func get(path string, fields ...string) string {
	return "GET " + path + " HTTP/1.1\r\nHost: h\r\n" + strings.Join(append(fields, ""), "\r\n") + "\r\n"
}

// Requests that follow one another are served in their order; with the first
// that is not plain the rest goes to net/http, not a byte of it lost.
func TestPipelined(t *testing.T) {
	r := newRig(t, nil)
	c, in := r.dial()
	const form = "POST /3 HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody\r\n" // with a line end too much
	const odd = "POST /4 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nmore\r\n0\r\n\r\n"
	io.WriteString(c, get("/1")+get("/2")+form+odd+get("/5"))
	for _, want := range []string{"short /1 ", "short /2 ", "short /3 body", "long /4 more", "long /5 "} {
		r.answer(in, want)
	}
	io.WriteString(c, get("/6", "Connection: close"))
	r.answer(in, "long /6 ")
	if _, err := in.ReadByte(); err != io.EOF {
		t.Error("still open:", err)
	}
}

// A head may come in any number of pieces.
func TestHeadInPieces(t *testing.T) {
	r := newRig(t, nil)
	c, in := r.dial()
	for size, text := range map[int]string{1: get("/"), 7: get("/", "X: "+strings.Repeat("y", 500)), 5000: get("/", "X: "+strings.Repeat("y", 20000))} {
		for len(text) > size {
			io.WriteString(c, text[:size])
			text = text[size:]
		}
		io.WriteString(c, text)
		r.answer(in, "short / ")
	}
}

// What is not plain from the start goes over as it came.
func TestGoesOver(t *testing.T) {
	r := newRig(t, nil)
	for _, text := range []string{
		"GET /old HTTP/1.0\r\nHost: h\r\n\r\n",
		"GET /old HTTP/1.1\nHost: h\nConnection: close\n\n",
		"POST /old HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
	} {
		c, in := r.dial()
		io.WriteString(c, text)
		r.answer(in, "long /old ")
	}
	c, in := r.dial() // a body that is not there yet
	io.WriteString(c, "POST /late HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbo")
	io.WriteString(c, "dy")
	if resp, err := http.ReadResponse(in, nil); err != nil {
		t.Error(err)
	} else if body, _ := io.ReadAll(resp.Body); !strings.HasSuffix(string(body), " /late body") {
		t.Errorf("%q", body)
	}
}

// A handler may give a request away after it has read it, as long as it has
// not answered.
func TestGivenAway(t *testing.T) {
	r := newRig(t, func(s *Server) {
		s.Handle = func(c *Conn) Verdict {
			var q head.Request
			if !c.Request(&q) || q.Target == "/away" {
				return Elsewhere
			}
			return say(c, "short")
		}
	})
	c, in := r.dial()
	io.WriteString(c, get("/")+get("/away")+get("/"))
	for _, want := range []string{"short", "long /away ", "long / "} {
		r.answer(in, want)
	}
}

// A client that leaves while it is served ends the context; one that sends on
// does not, and loses nothing.
func TestClientLeaves(t *testing.T) {
	began, left := make(chan struct{}, 1), make(chan struct{})
	r := newRig(t, func(s *Server) {
		s.Handle = func(c *Conn) Verdict {
			var q head.Request
			if !c.Request(&q) {
				return Elsewhere
			}
			switch q.Target {
			case "/leave":
				began <- struct{}{}
				<-c.Context().Done()
				close(left)
				return Cut
			case "/slow":
				began <- struct{}{}
				for watched := false; !watched; { // until somebody looked after the client
					c.mu.Lock()
					watched = c.watched != nil
					c.mu.Unlock()
				}
			}
			return say(c, q.Target)
		}
	})
	c, in := r.dial()
	for _, more := range []string{"", get("/more")} {
		io.WriteString(c, get("/slow"))
		<-began
		io.WriteString(c, more)
		r.answer(in, "/slow")
	}
	r.answer(in, "/more")
	io.WriteString(c, get("/leave"))
	<-began
	c.Close()
	<-left
}

// Unused connections are closed at the end, requests in progress are finished
// and told so.
func TestShutdown(t *testing.T) {
	began, on := make(chan struct{}), make(chan struct{})
	r := newRig(t, func(s *Server) {
		s.Handle = func(c *Conn) Verdict {
			var q head.Request
			c.Request(&q)
			if q.Target == "/slow" {
				close(began)
				<-on
			}
			return say(c, q.Target)
		}
	})
	fresh, nothing := r.dial()
	used, idle := r.dial()
	io.WriteString(used, get("/"))
	r.answer(idle, "/")
	busy, in := r.dial()
	io.WriteString(busy, get("/slow"))
	<-began
	io.WriteString(fresh, "GET")
	done := make(chan struct{})
	go func() { r.stop(); close(done) }()
	for _, in := range []*bufio.Reader{nothing, idle} {
		if b, err := in.ReadByte(); err == nil {
			t.Errorf("got %q", b)
		}
	}
	close(on)
	if resp := r.answer(in, "/slow"); !resp.Close {
		t.Error("not told that the connection ends")
	}
	if _, err := in.ReadByte(); err != io.EOF {
		t.Error("still open:", err)
	}
	<-done
}

// When time is up, requests are cut.
func TestShutdownCuts(t *testing.T) {
	began := make(chan struct{})
	r := newRig(t, func(s *Server) {
		s.Handle = func(c *Conn) Verdict {
			var q head.Request
			c.Request(&q)
			close(began)
			<-c.Context().Done()
			return Cut
		}
	})
	c, _ := r.dial()
	io.WriteString(c, get("/"))
	<-began
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.s.Shutdown(ctx); err != context.Canceled {
		t.Error(err)
	}
}

// A head that lags and a connection that is not used are closed in time; a
// client is not waited for longer because it sends a byte now and then.
func TestTimeouts(t *testing.T) {
	const short = 100 * time.Millisecond
	r := newRig(t, func(s *Server) { s.HeaderTimeout = short })
	for _, before := range []string{"", get("/")} {
		c, in := r.dial()
		if io.WriteString(c, before); before != "" {
			r.answer(in, "short / ")
		}
		ended := make(chan struct{})
		var dripping sync.WaitGroup
		dripping.Go(func() {
			for tick := time.NewTicker(short / 5); ; {
				select {
				case <-ended:
					tick.Stop()
					return
				case <-tick.C:
					io.WriteString(c, "G")
				}
			}
		})
		if b, err := in.ReadByte(); err == nil {
			t.Errorf("got %q", b)
		} else if e, ok := err.(net.Error); ok && e.Timeout() {
			t.Error("still open")
		}
		close(ended)
		dripping.Wait()
	}
	r = newRig(t, func(s *Server) { s.IdleTimeout = short })
	c, in := r.dial()
	io.WriteString(c, get("/"))
	r.answer(in, "short / ")
	if _, err := in.ReadByte(); err != io.EOF {
		t.Error("still open:", err)
	}
	r = newRig(t, func(s *Server) { s.HeaderTimeout, s.IdleTimeout = -1, -1 })
	c, in = r.dial()
	io.WriteString(c, get("/")[:10])
	io.WriteString(c, get("/")[10:])
	r.answer(in, "short / ")
}

// A handler that panics costs its client the connection, and nobody else
// anything.
func TestPanic(t *testing.T) {
	r := newRig(t, func(s *Server) {
		s.Handle = func(c *Conn) Verdict {
			var q head.Request
			if c.Request(&q); q.Target == "/panic" {
				c.Answer(200, &head.Fields{}, 10)
				panic("test")
			}
			return say(c, "short")
		}
	})
	c, in := r.dial()
	other, hears := r.dial()
	io.WriteString(c, get("/")+get("/panic"))
	r.answer(in, "short")
	if b, err := in.ReadByte(); err == nil {
		t.Errorf("got %q", b)
	}
	io.WriteString(other, get("/"))
	r.answer(hears, "short")
}

// What one request allocates: the text of its head. A ceiling to be lowered,
// never raised.
func TestAllocationBudget(t *testing.T) {
	if racing {
		t.Skip("the race detector allocates, and makes pools forget")
	}
	const budget = 1
	ours, theirs := net.Pipe()
	defer ours.Close()
	defer theirs.Close()
	go io.Copy(io.Discard, theirs)
	s := &Server{HeaderBytes: 32 << 10, Stall: func() time.Duration { return time.Minute }}
	var q head.Request
	var fields head.Fields
	fields.Add("Content-Type", "text/html")
	page := []byte("a page")
	s.Handle = func(c *Conn) Verdict {
		q.Reset()
		if !c.Request(&q) {
			return Elsewhere
		}
		c.Answer(200, &fields, 6)
		c.Write(page)
		return Served
	}
	text := get("/app/page.jsp", "User-Agent: Mozilla/5.0", "Accept: */*", "Cookie: JSESSIONID=0123456789ABCDEF0123456789ABCDEF.n1")
	c := &Conn{s: s, nc: ours, buf: make([]byte, firstRead)}
	got := testing.AllocsPerRun(1000, func() {
		c.r, c.w = 0, copy(c.buf, text)
		if c.one() != Served {
			t.Fatal("not served")
		}
	})
	if t.Logf("%v allocations", got); got > budget {
		t.Errorf("%v allocations, budget %d", got, budget)
	}
}
