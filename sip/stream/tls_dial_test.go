package stream

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

// tlsPeer is a TLS server that hands over what it accepts.
func tlsPeer(t *testing.T) (Peer, func() *tls.Conn) {
	l := listenTCP(t, "127.0.0.1:0")
	t.Cleanup(func() { l.Close() })
	server, _ := site()
	return Peer{endpoint(l.Addr()), "example.com"}, func() *tls.Conn {
		t.Helper()
		c := tls.Server(acceptTCP(t, l), server)
		if err := c.Handshake(); err != nil {
			t.Fatal(err)
		}
		return c
	}
}

func TestDiallingTLS(t *testing.T) {
	e := newEar()
	s := onTLS(t, &Pool{}, e)
	to, accept := tlsPeer(t)
	for _, m := range []string{"one", "two"} { // while it is being dialled
		if err := s.SendTo([]byte(m), to); err != nil {
			t.Fatal(err)
		}
	}
	c := accept()
	readTCP(t, c, "onetwo")
	if name := c.ConnectionState().ServerName; name != "example.com" {
		t.Error(name)
	}
	to.Name = "EXAMPLE.com"
	s.SendTo([]byte("three"), to)
	readTCP(t, c, "three")
	s.Send([]byte("four"), to.Addr) // the address has a certificate too, and a connection of its own
	d := accept()
	readTCP(t, d, "four")
	if name := d.ConnectionState().ServerName; name != "" {
		t.Error(name)
	}
	writeTCP(t, c, numbered(1, 100))
	if m := e.expect(t, "message"); !m.s.Dialled() || m.s.TLS() == nil || m.s.Peer() != to.Addr || m.s != s.peers[to.clean()] {
		t.Error("it is not who it is")
	}
	if n := s.Stats().Dialled; n != 2 || !s.Connected(to) || s.Connected(Peer{to.Addr, "example.org"}) {
		t.Error(n)
	}
	s.Leave(to.Addr)
	readEndTCP(t, c)
	readEndTCP(t, d)
}

func TestEveryMessageIsReadOrLostByTLS(t *testing.T) {
	server, client := site()
	s := &Pool{Listener: listenTCP(t, "127.0.0.1:0"), Limits: Limits{Connect: time.Minute, Handshake: time.Minute, Write: time.Minute}}
	s.TLS = func() *tls.Config { return client }
	readOrLost(t, s, func(c net.Conn) net.Conn { return tls.Server(c, server) })
}

// A peer that we have called, and whose TLS took a message that it never looked at, may not have read it.
func TestTakenIsNotRead(t *testing.T) {
	e := newEar()
	s := onTLS(t, &Pool{}, e)
	to, accept := tlsPeer(t)
	if err := s.SendTo([]byte("one"), to); err != nil {
		t.Fatal(err)
	}
	c := accept()
	readTCP(t, c, "o") // the rest waits in its TLS
	c.Close()
	if m := e.expect(t, "lost"); m.data != "one" || !errors.Is(m.err, ErrUnsure) {
		t.Error(m.data, m.err)
	}
	e.expect(t, "closed")
}

// A client that wants new keys from the start, in the way of TLS 1.2, is not served on.
func TestNoRenegotiation(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	e := newEar()
	s := onTLS(t, &Pool{}, e)
	client := exec.CommandContext(t.Context(), "openssl", "s_client", "-tls1_2", "-quiet", "-no_ign_eof", "-connect", s.Listener.Addr().String())
	in, err := client.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Start(); err != nil {
		t.Fatal(err)
	}
	io.WriteString(in, numbered(1, 100))
	e.expect(t, "message")
	io.WriteString(in, "R\n")
	e.expect(t, "closed")
	in.Close()
	client.Wait()
}

func TestWrongCertificatesAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		to     string
		config *tls.Config // nil: none
		check  func(error) bool
	}{
		"wrong name": {"example.org", &tls.Config{RootCAs: roots()}, func(err error) bool { return errors.As(err, new(x509.HostnameError)) }},
		"stranger":   {"example.com", &tls.Config{RootCAs: x509.NewCertPool()}, func(err error) bool { return errors.As(err, new(x509.UnknownAuthorityError)) }},
		"a name beside": {"example.org", &tls.Config{RootCAs: roots(), ServerName: "example.com"}, func(err error) bool {
			return errors.As(err, new(x509.HostnameError)) // what the peer is called decides, and nothing else
		}},
		"no TLS": {"example.com", nil, func(err error) bool { return errors.Is(err, errNoTLS) }},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEar()
			s := onTLS(t, &Pool{}, e)
			s.TLS = func() *tls.Config { return c.config }
			l := listenTCP(t, "127.0.0.1:0")
			defer l.Close()
			go func() {
				server, _ := site()
				for {
					c, err := l.Accept()
					if err != nil {
						return
					}
					tls.Server(c, server).Handshake()
					c.Close()
				}
			}()
			to := Peer{endpoint(l.Addr()), c.to}
			if err := s.SendTo([]byte("one"), to); err != nil {
				t.Fatal(err)
			}
			m := e.expect(t, "lost")
			if m.data != "one" || m.peer != to.Addr || !c.check(m.err) || errors.Is(m.err, ErrUnsure) {
				t.Error(m.err)
			}
			for s.Stats().DialFailed != 1 || len(openOf(s)) != 0 {
				runtime.Gosched()
			}
		})
	}
}

func roots() *x509.CertPool {
	_, client := site()
	return client.RootCAs
}

func openOf(s *Pool) (all []*Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.open {
		all = append(all, c)
	}
	return all
}

// A connection of a stranger who holds a peer's address is not that peer.
func TestANameIsNotAnAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l, e := inBubble(t, Limits{})
		s.Dial = func(context.Context, Peer) (net.Conn, error) { return nil, errors.New("dialled") }
		c := l.connect(alice)
		writeTCP(t, c, numbered(1, 100))
		e.expect(t, "message")
		s.SendTo([]byte("secret"), Peer{alice, "example.com"})
		if m := e.expect(t, "lost"); m.data != "secret" {
			t.Error(m.data)
		}
		s.Send([]byte("hello"), alice)
		readTCP(t, c, "hello")
	})
}

func TestHandshakesHaveATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &Pool{limits: Limits{}.filled()}
		here, there := pipe(alice)
		go io.Copy(io.Discard, there) // it listens, and says nothing
		_, client := site()
		start := time.Now()
		c, err := s.secure(t.Context(), here, client.Clone(), Peer{Addr: alice})
		if d := time.Since(start); c != nil || !errors.Is(err, context.DeadlineExceeded) || d != 3*time.Second {
			t.Error(c, err, d)
		}
		if _, err := here.Write([]byte("x")); !errors.Is(err, io.ErrClosedPipe) {
			t.Error("the connection is left behind:", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		here, there = pipe(alice)
		go io.Copy(io.Discard, there)
		time.AfterFunc(time.Second, cancel) // the end of Run
		start = time.Now()
		if _, err := s.secure(ctx, here, client.Clone(), Peer{Addr: alice}); err == nil || time.Since(start) != time.Second {
			t.Error(err, time.Since(start))
		}
	})
}
