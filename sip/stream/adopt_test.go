package stream

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A pool without a listener has the connections that others accept, and what was read of them already comes first.
func TestAdopt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, e := adopting(t, Limits{})
		here, there := pipe(alice)
		var one *Conn
		early := numbered(1, 9000) + numbered(2, 100)
		if err := s.Adopt(here, []byte(early[:9050]), func(c *Conn) {
			if one = c; c.Peer() != alice || c.Local() != ours || c.Dialled() || s.Find(c.ID()) != c {
				t.Error("it is not who it is")
			}
			if err := c.Send([]byte("hello")); err != nil {
				t.Error(err)
			}
			synctest.Wait()
			e.none(t) // first is first
		}); err != nil {
			t.Fatal(err)
		}
		readTCP(t, there, "hello")
		writeTCP(t, there, early[9050:])
		if m := e.expect(t, "message"); m.s != one || m.data != numbered(1, 9000) {
			t.Errorf("%.60q", m.data)
		}
		if m := e.expect(t, "message"); m.data != numbered(2, 100) {
			t.Errorf("%.60q", m.data)
		}
		if err := s.Send([]byte("there"), alice); err != nil {
			t.Error(err)
		}
		readTCP(t, there, "there")
		there.Close()
		e.expect(t, "closed")
		synctest.Wait()
		if n := s.Stats(); n.Accepted != 1 || n.Open != 0 {
			t.Errorf("%+v", n)
		}
	})
}

// adopting runs a pool that has no listener.
func adopting(t *testing.T, limits Limits) (*Pool, *ear) {
	e := newEar()
	s := &Pool{Limits: limits}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx, e) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	synctest.Wait()
	return s, e
}

// counted is a connection as HTTP ports have them.
type counted struct{ net.Conn }

func (c counted) NetConn() net.Conn { return c.Conn }

// What watches an adopted connection does not stand in the way of its socket.
func TestAdoptedSockets(t *testing.T) {
	e := newEar()
	s, _ := onLoopback(t, Limits{}, e)
	l := listenTCP(t, "127.0.0.1:0")
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Adopt(counted{counted{acceptTCP(t, l)}}, nil, func(s *Conn) {
		if s.direct == nil || s.bottom.(*net.TCPConn) == nil {
			t.Error("the socket is not seen")
		}
		if s.Send([]byte("hello")); s.writing {
			t.Error("it is not written at once")
		}
	}); err != nil {
		t.Fatal(err)
	}
	readTCP(t, c, "hello")
	c.Close()
	e.expect(t, "closed")
}

func TestAdoptIsLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refused := func(s *Pool, peer netip.AddrPort, why error) {
			t.Helper()
			here, there := pipe(peer)
			if err := s.Adopt(here, nil, func(*Conn) { t.Error("first") }); !errors.Is(err, why) {
				t.Error(err)
			}
			readEndTCP(t, there)
		}
		refused(new(Pool), alice, net.ErrClosed)
		s, e := adopting(t, Limits{Total: 2, PerSource: 1})
		here, there := pipe(alice)
		if err := s.Adopt(here, nil, nil); err != nil {
			t.Error(err)
		}
		refused(s, at("192.0.2.7:33001"), ErrFull)
		bobs, bob := pipe(at("192.0.2.8:33001"))
		if err := s.Adopt(bobs, nil, nil); err != nil {
			t.Error(err)
		}
		refused(s, at("192.0.2.9:33001"), ErrFull)
		synctest.Wait()
		if n := s.Stats(); n.RefusedTotal != 1 || n.RefusedSource != 1 || n.Accepted != 2 {
			t.Errorf("%+v", n)
		}
		bob.Close()
		there.Close()
		e.expect(t, "closed")
		e.expect(t, "closed")
	})
}

// A connection that is adopted has the deadlines of all.
func TestAdoptedPartsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, e := adopting(t, Limits{})
		here, _ := pipe(alice)
		if err := s.Adopt(here, []byte("INVITE"), nil); err != nil {
			t.Fatal(err)
		}
		if g, d := e.after(t, "garbled"); d != 5*time.Second || g.data != "INVITE" {
			t.Error(d, g.data)
		}
		e.expect(t, "closed")
	})
}

// greeter asks for a word and knows what comes behind it.
func greeter(conn net.Conn) ([]byte, error) {
	b := bufio.NewReader(conn)
	line, err := b.ReadString('\n')
	switch {
	case err != nil:
		return nil, err
	case line != "please\n":
		io.WriteString(conn, "403")
		return nil, errors.New("no manners")
	}
	io.WriteString(conn, "101")
	early, _ := b.Peek(b.Buffered())
	return early, nil
}

func TestGreet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l, e := inBubbleWith(t, &Pool{Greet: greeter, Codec: inBoxes})
		c := l.connect(alice)
		synctest.Wait()
		if s.lookUp(alice) != nil || s.Connected(Peer{Addr: alice}) {
			t.Error("found before it was greeted")
		}
		time.Sleep(4 * time.Second)
		go io.WriteString(c, "please\n"+box('m', "one")+box('f', "t"))
		readTCP(t, c, "101")
		if m := e.expect(t, "message"); m.data != "one" || s.Find(m.s.ID()) != m.s || s.lookUp(alice) != m.s {
			t.Errorf("%q", m.data)
		}
		time.Sleep(4 * time.Second) // the time for greeting is over and means nothing any more
		writeTCP(t, c, box('m', "wo"))
		if m := e.expect(t, "message"); m.data != "two" {
			t.Errorf("%q", m.data)
		}
		c.Close()
		e.expect(t, "closed")
		here, there := pipe(alice)
		w := &watched{Conn: here}
		l.conns <- w
		go io.WriteString(there, "please\n"+box('m', "one"))
		readTCP(t, there, "101")
		e.expect(t, "message")
		if !w.by.IsZero() {
			t.Error("the deadline of the greeting stays:", w.by)
		}
		there.Close()
		e.expect(t, "closed")
	})
}

func TestGreetRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l, e := inBubbleWith(t, &Pool{Greet: greeter, Limits: Limits{PerSource: 3}})
		rude, silent, gone := l.connect(alice), l.connect(alice), l.connect(alice)
		over := l.connect(alice)
		readEndTCP(t, over) // those who are being greeted count
		go io.WriteString(rude, "now\n")
		readTCP(t, rude, "403")
		readEndTCP(t, rude)
		gone.Close()
		start := time.Now()
		writeTCP(t, silent, "pl")
		readEndTCP(t, silent)
		if d := time.Since(start); d != 5*time.Second {
			t.Error(d)
		}
		synctest.Wait()
		e.none(t)
		if n := s.Stats(); n.RefusedGreet != 3 || n.RefusedSource != 1 || n.Accepted != 0 || n.Open != 0 {
			t.Errorf("%+v", n)
		}
		c := l.connect(alice)
		go io.WriteString(c, "please\n"+numbered(1, 100))
		readTCP(t, c, "101")
		e.expect(t, "message")
		l.connect(at("192.0.2.8:1")) // being greeted while Run ends
		synctest.Wait()
	})
}

// Who is still being greeted at the end of Run is told nothing in the words of a codec that he has not agreed to.
func TestNoGoodbyeWithoutGreeting(t *testing.T) {
	e := newEar()
	here := make(chan bool)
	s := &Pool{Listener: listenTCP(t, "127.0.0.1:0"), Codec: inBoxes, Greet: func(c net.Conn) ([]byte, error) {
		close(here)
		return greeter(c)
	}}
	stop := runPool(t, s, e)
	awaitRunning(s)
	c := dialPool(t, s)
	<-here
	stop()
	if b, _ := io.ReadAll(c); len(b) > 0 {
		t.Errorf("%q", b)
	}
	e.none(t)
}

// A peer that says nothing is asked whether it lives, and what it answers keeps the connection.
func TestAsking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l, e := inBubble(t, Limits{Ping: 30 * time.Second, Idle: 90 * time.Second})
		c := l.connect(alice)
		start := time.Now()
		for i := 1; i <= 10; i++ {
			readTCP(t, c, "\r\n\r\n")
			if d := time.Since(start); d != time.Duration(i)*30*time.Second {
				t.Error(i, d)
			}
			writeTCP(t, c, "\r\n")
		}
		time.Sleep(20 * time.Second)
		writeTCP(t, c, numbered(1, 100)) // is a sign of life too
		e.expect(t, "message")
		start = time.Now()
		for range 2 {
			readTCP(t, c, "\r\n\r\n")
		}
		if d := time.Since(start); d != 60*time.Second {
			t.Error(d)
		}
		readEndTCP(t, c)
		if d := time.Since(start); d != 90*time.Second || s.Stats().TimedOut != 1 || s.Stats().Pings > 5 {
			t.Errorf("%v, %+v", d, s.Stats())
		}
		e.expect(t, "closed")
	})
}

// Both ask each other on one connection: every double CRLF is answered.
func TestBothAsk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l, _ := inBubble(t, Limits{Ping: 30 * time.Second})
		c := l.connect(alice)
		for range 10 {
			readTCP(t, c, "\r\n\r\n")
			writeTCP(t, c, "\r\n\r\n")
			readTCP(t, c, "\r\n")
		}
		if s.Stats().Pings != 10 {
			t.Errorf("%+v", s.Stats())
		}
	})
}

func TestAskingInTheWordsOfTheCodec(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, l, _ := inBubbleWith(t, &Pool{Codec: inBoxes, Limits: Limits{Ping: time.Minute}})
		c := l.connect(alice)
		for range 3 {
			readTCP(t, c, box('p', "?"))
			writeTCP(t, c, box('q', ""))
		}
	})
}

func TestAlias(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l, e := inBubble(t, Limits{})
		s.Dial = func(context.Context, Peer) (net.Conn, error) { return nil, errors.New("dialled") }
		meet := func(peer netip.AddrPort) (net.Conn, *Conn) {
			c := l.connect(peer)
			writeTCP(t, c, numbered(1, 100))
			return c, e.expect(t, "message").s
		}
		a, one := meet(alice)
		b, two := meet(at("192.0.2.8:40000"))
		phone := Peer{Addr: at("192.0.2.7:5061"), Name: "Phone.example.com"}
		for range 2 { // again is fine
			if !s.Alias(one, phone) {
				t.Error("no alias")
			}
		}
		if s.Alias(two, Peer{phone.Addr, "phone.example.com"}) || s.Alias(two, Peer{Addr: alice}) {
			t.Error("somebody else's peer")
		}
		if err := s.SendTo([]byte("hello"), Peer{phone.Addr, "phone.EXAMPLE.com"}); err != nil {
			t.Error(err)
		}
		readTCP(t, a, "hello")
		s.Send([]byte("other"), phone.Addr) // of another name
		if m := e.expect(t, "lost"); m.data != "other" || !strings.Contains(m.err.Error(), "dialled") {
			t.Error(m.data, m.err)
		}
		for i := range uint16(20) {
			if s.Alias(one, Peer{Addr: netip.AddrPortFrom(phone.Addr.Addr(), i+1)}) != (i < maxAliases-1) {
				t.Error("alias", i)
			}
		}
		a.Close()
		e.expect(t, "closed")
		if c, three := meet(at("192.0.2.9:40000")); !s.Alias(three, Peer{Addr: at("192.0.2.9:5061")}) {
			t.Error("no alias")
		} else {
			c.Close()
			e.expect(t, "closed")
			one = three
		}
		if s.Alias(one, Peer{Addr: at("192.0.2.10:5061")}) {
			t.Error("an alias of one that has ended")
		}
		if !s.Alias(two, phone) {
			t.Error("an alias outlives its connection")
		}
		s.Leave(phone.Addr)
		readEndTCP(t, b)
		e.expect(t, "closed")
		s.mu.Lock()
		if n := len(s.peers); n != 0 {
			t.Error(n, "peers are left")
		}
		s.mu.Unlock()
	})
}
