package stream

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// site is a server's configuration, for example.com and 127.0.0.1, and a client's that trusts it.
var site = sync.OnceValues(func() (server, client *tls.Config) {
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.StartTLS()
	defer s.Close()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return &tls.Config{Certificates: s.TLS.Certificates}, &tls.Config{RootCAs: roots, ServerName: "example.com"}
})

// secured is a listener whose connections have shaken hands.
type secured struct{ *net.TCPListener }

func (l secured) Accept() (net.Conn, error) {
	c, err := l.TCPListener.Accept()
	if err != nil {
		return nil, err
	}
	server, _ := site()
	tc := tls.Server(c, server)
	return tc, tc.Handshake()
}

// onTLS runs a pool of TLS connections on loopback.
func onTLS(t *testing.T, s *Pool, h Handler) *Pool {
	s.Listener = secured{listenTCP(t, "127.0.0.1:0").(*net.TCPListener)}
	s.Limits.Connect, s.Limits.Write, s.Limits.Handshake = time.Minute, time.Minute, time.Minute
	_, client := site()
	s.TLS = func() *tls.Config { return client }
	runPool(t, s, h)
	awaitRunning(s)
	return s
}

// visit is a TLS connection to a pool, of version 1.2 or 1.3; read, unless nil, is given the bytes that come.
func visit(t *testing.T, s *Pool, version uint16, read *bytes.Buffer) (*tls.Conn, *net.TCPConn) {
	t.Helper()
	raw := dialPool(t, s)
	_, client := site()
	client = client.Clone()
	client.MaxVersion = version
	var under net.Conn = raw
	if read != nil {
		under = tapped{raw, read}
	}
	c := tls.Client(under, client)
	if err := c.Handshake(); err != nil {
		t.Fatal(err)
	}
	return c, raw
}

type tapped struct {
	net.Conn
	read *bytes.Buffer
}

func (c tapped) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.read.Write(b[:n])
	return n, err
}

// bothTLS runs a test with both versions.
func bothTLS(t *testing.T, test func(t *testing.T, version uint16)) {
	for name, version := range map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13} {
		t.Run(name, func(t *testing.T) { test(t, version) })
	}
}

func TestTLS(t *testing.T) {
	bothTLS(t, func(t *testing.T, version uint16) {
		e := newEar()
		e.answer = func(s *Conn, data []byte) { s.Send(data) }
		s := onTLS(t, &Pool{}, e)
		var read bytes.Buffer
		c, _ := visit(t, s, version, &read)
		for i := range 50 { // records and messages are cut at different places
			m := numbered(i, 60+i*997%30000)
			go io.WriteString(c, m)
			readTCP(t, c, m)
		}
		one := e.expect(t, "message").s
		if state := one.TLS(); state == nil || state.Version != version {
			t.Errorf("%+v", state)
		}
		if _, ok := one.bottom.(*net.TCPConn); !ok || one.socket == nil || one.direct != nil {
			t.Error("what it stands on is not seen")
		}
		if s.lookUp(endpoint(c.LocalAddr())) != one {
			t.Error("not found by its address")
		}
		one.Close()
		readEndTCP(t, c)
		c.Close()
		for range 49 {
			e.expect(t, "message")
		}
		e.expect(t, "closed")
		if state := one.TLS(); state == nil {
			t.Error("forgotten")
		}
		if b := read.Bytes(); version == tls.VersionTLS12 && !endsWithAlert(b) {
			t.Error("the end was not told in the words of TLS")
		}
	})
}

// endsWithAlert tells whether the last of some TLS records is an alert.
func endsWithAlert(b []byte) bool {
	last := byte(0)
	for len(b) >= 5 {
		last = b[0]
		b = b[min(len(b), 5+int(b[3])<<8+int(b[4])):]
	}
	return last == 21
}

// What is no TLS any more ends its connection, and no other.
func TestGarbageInTLS(t *testing.T) {
	e := newEar()
	e.answer = func(s *Conn, data []byte) { s.Send(data) }
	s := onTLS(t, &Pool{}, e)
	other, _ := visit(t, s, tls.VersionTLS13, nil)
	for _, garbage := range []string{"OPTIONS sip:a@b SIP/2.0\r\n\r\n", "\x17\x03\x03\xff\xff", "\x17\x03\x03\x00\x20" + strings.Repeat("x", 32)} {
		_, raw := visit(t, s, tls.VersionTLS12, nil)
		writeTCP(t, raw, garbage)
		if call := e.expect(t, "closed"); call.s.Peer() != endpoint(raw.LocalAddr()) {
			t.Error("closed the wrong one")
		}
	}
	writeTCP(t, other, numbered(1, 100))
	readTCP(t, other, numbered(1, 100))
}

func TestPlainIsNotTLS(t *testing.T) {
	e := newEar()
	s, _ := onLoopback(t, Limits{}, e)
	c := dialPool(t, s)
	writeTCP(t, c, numbered(1, 100))
	if m := e.expect(t, "message"); m.s.TLS() != nil {
		t.Error("plain and secure at once")
	}
}

func TestAnswersToAHalfClosedTLSPeer(t *testing.T) {
	bothTLS(t, func(t *testing.T, version uint16) {
		e := newEar()
		big := strings.Repeat("z", 200<<10)
		e.answer = func(s *Conn, data []byte) { s.Send([]byte(big)) }
		s := onTLS(t, &Pool{Limits: Limits{Queue: 4 << 20}}, e)
		var read bytes.Buffer
		c, _ := visit(t, s, version, &read)
		for i := range 10 {
			writeTCP(t, c, numbered(i, 100))
		}
		c.CloseWrite()
		got, err := io.ReadAll(c)
		if err != nil || len(got) != 10*len(big) {
			t.Errorf("%d bytes, %v", len(got), err)
		}
		if version == tls.VersionTLS12 && !endsWithAlert(read.Bytes()) {
			t.Error("the end was not told in the words of TLS")
		}
		c.Close()
		for range 10 {
			e.expect(t, "message")
		}
		e.expect(t, "closed")
	})
}

// A refusal is not taken back by a reset though much is unread.
func TestGarbledTLS(t *testing.T) {
	e := newEar()
	e.refuse = func(s *Conn, why error) { s.Send([]byte(why.Error())) }
	s := onTLS(t, &Pool{}, e)
	c, _ := visit(t, s, tls.VersionTLS13, nil)
	done := make(chan struct{})
	go func() {
		defer close(done)
		io.WriteString(c, "A b c\r\nContent-Length: 4000000\r\n\r\n"+strings.Repeat("y", 4000000))
		c.CloseWrite()
	}()
	readTCP(t, c, ErrMessage.Error())
	readEndTCP(t, c)
	<-done
	c.Close()
	e.expect(t, "garbled")
	e.expect(t, "closed")
}

// What is said of messages that were written when a TLS peer ends the connection. What a peer that ends in good order had read, nobody knows.
func TestBreaksOfTLS(t *testing.T) {
	const (
		never  = iota
		called // lost if we had called the peer
		always
		either // if it had called us, it depends on what we see first
	)
	for name, c := range map[string]struct {
		before bool // the peer ends it before our message is written, else after
		end    func(c *tls.Conn, raw *net.TCPConn)
		lost   int
	}{
		"reset, message unread":  {false, func(_ *tls.Conn, raw *net.TCPConn) { raw.SetLinger(0); raw.Close() }, always},
		"closed, message unread": {false, func(c *tls.Conn, _ *net.TCPConn) { c.Close() }, either},
		"cut, message unread":    {false, func(_ *tls.Conn, raw *net.TCPConn) { raw.Close() }, always},
		"closed before":          {true, func(c *tls.Conn, _ *net.TCPConn) { c.Close() }, either},
		"cut before":             {true, func(_ *tls.Conn, raw *net.TCPConn) { raw.Close() }, either},
		"half-closed before":     {true, func(c *tls.Conn, _ *net.TCPConn) { c.CloseWrite() }, called},
		"half-closed":            {false, func(c *tls.Conn, _ *net.TCPConn) { c.CloseWrite(); io.Copy(io.Discard, c); c.Close() }, called},
		"closed":                 {false, func(c *tls.Conn, _ *net.TCPConn) { io.CopyN(io.Discard, c, 300); c.Close() }, called},
		"heard since": {false, func(c *tls.Conn, _ *net.TCPConn) {
			io.CopyN(io.Discard, c, 1)
			io.WriteString(c, "\r\n")
			io.CopyN(io.Discard, c, 299)
			c.Close()
		}, never},
	} {
		t.Run(name, func(t *testing.T) {
			bothTLS(t, func(t *testing.T, version uint16) {
				for _, dialled := range []bool{false, true} {
					e := newEar()
					reading, go1 := make(chan bool), make(chan bool)
					e.answer = func(s *Conn, data []byte) { reading <- true; <-go1 }
					s := onTLS(t, &Pool{}, e)
					conn, raw := meetByTLS(t, s, version, dialled)
					writeTCP(t, conn, numbered(1, 100))
					stream := e.expect(t, "message").s
					<-reading // the reader is held up, so that it cannot see the end
					m := numbered(2, 300)
					if c.before {
						c.end(conn, raw)
					}
					if err := stream.Send([]byte(m)); err != nil {
						t.Error(err)
					}
					awaitWritten(stream)
					go1 <- true
					if !c.before {
						c.end(conn, raw)
					}
					call, lost := <-e.calls, false
					if lost = call.what == "lost"; lost {
						if call.data != m || !errors.Is(call.err, ErrUnsure) {
							t.Errorf("lost: %q, %v", call.data, call.err)
						}
						call = <-e.calls
					}
					if want := c.lost == always || dialled && c.lost != never; lost != want && (c.lost != either || dialled) {
						t.Errorf("dialled %v: lost %v", dialled, lost)
					}
					if call.what != "closed" {
						t.Error(call.what)
					}
					e.none(t)
				}
			})
		})
	}
}

// What was written before we ended a connection is not lost with it, also where the peer keeps its socket or breaks it in its own time.
func TestLastMessagesByTLS(t *testing.T) {
	for name, end := range map[string]func(c *tls.Conn, raw *net.TCPConn){
		"keeps": func(c *tls.Conn, _ *net.TCPConn) { c.CloseWrite() },
		"ends":  func(c *tls.Conn, _ *net.TCPConn) { c.Close() },
		"cuts":  func(_ *tls.Conn, raw *net.TCPConn) { raw.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			bothTLS(t, func(t *testing.T, version uint16) {
				e := newEar()
				e.answer = func(s *Conn, data []byte) { s.Send(data); s.Close() }
				s := onTLS(t, &Pool{}, e)
				if name == "keeps" {
					s.limits.Write = 50 * time.Millisecond // it is waited for
				}
				c, raw := visit(t, s, version, nil)
				m := numbered(1, 100)
				writeTCP(t, c, m)
				readTCP(t, c, m)
				readEndTCP(t, c)
				end(c, raw)
				e.expect(t, "message")
				e.expect(t, "closed")
				e.none(t)
			})
		})
	}
}

// meetByTLS is a connection with a pool, of which the peer's end is given.
func meetByTLS(t *testing.T, s *Pool, version uint16, dialled bool) (*tls.Conn, *net.TCPConn) {
	if !dialled {
		return visit(t, s, version, nil)
	}
	l := listenTCP(t, "127.0.0.1:0")
	defer l.Close()
	if err := s.Send([]byte("hello"), endpoint(l.Addr())); err != nil {
		t.Fatal(err)
	}
	raw := acceptTCP(t, l)
	server, _ := site()
	server = server.Clone()
	server.MaxVersion = version
	c := tls.Server(raw, server)
	readTCP(t, c, "hello")
	return c, raw
}

// awaitWritten waits until no writer is at work.
func awaitWritten(s *Conn) {
	s.mu.Lock()
	var written chan struct{}
	if s.writing {
		written = make(chan struct{})
		s.written = written
	}
	s.mu.Unlock()
	if written != nil {
		<-written
	}
}

// tlsPipe is a TLS connection within a bubble: our end, what it stands on, and the peer's.
func tlsPipe(t *testing.T) (here *tls.Conn, under *watched, there *tls.Conn) {
	a, b := pipe(alice)
	under = &watched{Conn: a}
	server, client := site()
	here, there = tls.Server(under, server), tls.Client(b, client)
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := there.Handshake(); err != nil {
			t.Error(err)
		}
		io.ReadFull(there, nil)
	})
	wg.Go(func() {
		if err := here.Handshake(); err != nil {
			t.Error(err)
		}
	})
	// A pipe holds nothing: the tickets of the server must be read.
	wg.Go(func() { there.Read(nil) })
	wg.Wait()
	return here, under, there
}

// A TLS peer that reads nothing costs the time for writing and no more, and the queue is as long as it may be.
func TestATLSPeerThatReadsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l, e := inBubble(t, Limits{Queue: 1000})
		here, _, there := tlsPipe(t)
		l.conns <- here
		writeTCP(t, there, numbered(1, 100))
		one := e.expect(t, "message").s
		sent := 0
		for ; one.Send([]byte(numbered(sent, 100))) == nil; sent++ {
			synctest.Wait()
		}
		if sent != 10 {
			t.Error(sent, "messages are queued")
		}
		for i := range sent {
			m, d := e.after(t, "lost")
			if m.data != numbered(i, 100) || i == 0 && d != 2*time.Second || i > 0 && d != 0 {
				t.Errorf("%.40q after %v: %v", m.data, d, m.err)
			}
		}
		if _, d := e.after(t, "closed"); d != 0 {
			t.Errorf("it took %v more to say goodbye", d)
		}
		if n := s.Stats().Lost; n != int64(sent) {
			t.Error(n)
		}
	})
}

// The end of a connection is said, in the time for writing, and waits no longer for a peer that does not read.
func TestGoodbyeIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, l, e := inBubble(t, Limits{})
		here, _, there := tlsPipe(t)
		l.conns <- here
		writeTCP(t, there, numbered(1, 100))
		one := e.expect(t, "message").s
		one.Close()
		if _, d := e.after(t, "closed"); d != 2*time.Second {
			t.Error(d)
		}
	})
}

// What TLS writes by itself while nobody sends, as for new keys, has a deadline too.
func TestTLSAlwaysHasADeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, l, e := inBubble(t, Limits{})
		here, under, there := tlsPipe(t)
		l.conns <- here
		check := func(when string) {
			t.Helper()
			synctest.Wait()
			under.mu.Lock()
			defer under.mu.Unlock()
			if left := time.Until(under.by); left < 2*time.Second || left > 122*time.Second {
				t.Errorf("%s: %v", when, left)
			}
		}
		check("before anything was read")
		for range 3 {
			writeTCP(t, there, numbered(1, 100))
			one := e.expect(t, "message").s
			check("after reading")
			one.Send([]byte("answer"))
			readTCP(t, there, "answer")
			check("after writing")
			time.Sleep(100 * time.Second)
			check("later")
		}
	})
}

// The end of Run waits for no TLS peer, but for a moment if the codec has something to say.
func TestRunEndsThoughTLSPeersDoNotRead(t *testing.T) {
	for name, c := range map[string]struct {
		codec func() Codec
		want  time.Duration
	}{"no last bytes": {nil, 0}, "last bytes": {inBoxes, leaveTime}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e, l := newEar(), newPipes()
				s := &Pool{Listener: l, Codec: c.codec, Limits: Limits{Write: time.Hour}}
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan error, 1)
				go func() { done <- s.Run(ctx, e) }()
				for i := range 4 {
					here, _, there := tlsPipe(t)
					l.conns <- here
					if c.codec == nil {
						writeTCP(t, there, numbered(1, 100))
					} else {
						writeTCP(t, there, box('m', "x"))
					}
					one := e.expect(t, "message").s
					if i%2 == 0 {
						one.Send([]byte("unread"))
					}
				}
				synctest.Wait()
				start := time.Now()
				cancel()
				l.Close()
				if err := <-done; err != nil || time.Since(start) != c.want {
					t.Error(err, time.Since(start))
				}
				for range 4 {
					e.expect(t, "closed")
				}
				e.none(t)
			})
		})
	}
}

// A TLS peer that reads is told that we leave.
func TestLeavingIsSaidByTLS(t *testing.T) {
	bothTLS(t, func(t *testing.T, version uint16) {
		e := newEar()
		s := &Pool{Codec: inBoxes, Listener: secured{listenTCP(t, "127.0.0.1:0").(*net.TCPListener)}}
		stop := runPool(t, s, e)
		awaitRunning(s)
		var read bytes.Buffer
		c, _ := visit(t, s, version, &read)
		writeTCP(t, c, box('m', "x"))
		e.expect(t, "message")
		said := make(chan string)
		go func() {
			b, err := io.ReadAll(c)
			c.Close()
			if err != nil {
				t.Error(err)
			}
			said <- string(b)
		}()
		stop()
		if got := <-said; got != box('c', ErrLeaving.Error()) {
			t.Errorf("%q", got)
		}
		if version == tls.VersionTLS12 && !endsWithAlert(read.Bytes()) {
			t.Error("the end was not told in the words of TLS")
		}
	})
}
