package handshake

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// site is a server's configuration, and a client's that trusts it.
func site(t testing.TB) (server, client *tls.Config) {
	s := httptest.NewTLSServer(http.NotFoundHandler())
	defer s.Close()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return &tls.Config{Certificates: s.TLS.Certificates, MinVersion: tls.VersionTLS12},
		&tls.Config{RootCAs: roots, ServerName: "example.com"}
}

// A street is a plain listener whose connections are pipes: there is no
// network, so time may be a test's.
type street struct {
	come chan net.Conn
	end  chan struct{}
	once sync.Once
}

func newStreet() *street { return &street{come: make(chan net.Conn), end: make(chan struct{})} }

var errHiccup = errors.New("too many open files")

func (s *street) Accept() (net.Conn, error) {
	select {
	case c := <-s.come:
		if c == nil {
			return nil, errHiccup
		}
		return c, nil
	case <-s.end:
		return nil, net.ErrClosed
	}
}

func (s *street) Close() error   { s.once.Do(func() { close(s.end) }); return nil }
func (s *street) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 443} }

// visitor comes to the street and returns its own end.
func (s *street) visitor() net.Conn {
	here, there := net.Pipe()
	s.come <- there
	return here
}

// A room is what a listener lets in, and what it counts and tells.
type room struct {
	*Listener
	street  *street
	in      chan net.Conn
	errs    chan error
	metrics *Metrics
	log     *bytes.Buffer
	serving sync.WaitGroup
}

func newRoom(t *testing.T, o Options) *room {
	r := &room{street: newStreet(), in: make(chan net.Conn, 100), errs: make(chan error, 100), log: &bytes.Buffer{}}
	var err error
	if r.metrics, err = NewMetrics(prometheus.NewRegistry()); err != nil {
		t.Fatal(err)
	}
	o.Metrics, o.Log = r.metrics, slog.New(slog.NewTextHandler(r.log, nil))
	r.Listener = New(r.street, o)
	r.serving.Go(func() {
		for {
			c, err := r.Accept()
			if err != nil {
				r.errs <- err
				if errors.Is(err, net.ErrClosed) {
					return
				}
				continue
			}
			r.in <- c
		}
	})
	return r
}

func (r *room) count(cause string) int {
	return int(testutil.ToFloat64(r.metrics.failures.WithLabelValues(SIP, cause)))
}

func (r *room) close() {
	r.Close()
	r.serving.Wait()
}

// Those who do not finish are shown out when their time is over, or earlier
// when there are too many; those who shake hands pass between them.
func TestIdlersAreShownOut(t *testing.T) {
	server, client := site(t)
	real := time.Now()
	synctest.Test(t, func(t *testing.T) {
		server.Time, client.Time = func() time.Time { return real }, func() time.Time { return real }
		r := newRoom(t, Options{Config: server, Proto: SIP, Timeout: 5 * time.Second, Max: 3})
		defer r.close()
		var idle []net.Conn
		for range 3 {
			idle = append(idle, r.street.visitor())
			time.Sleep(time.Second)
		}
		good := r.street.visitor() // the fourth: the oldest has to go
		if err := tls.Client(good, client).Handshake(); err != nil {
			t.Fatalf("who shakes hands is kept out: %v", err)
		}
		synctest.Wait()
		if len(r.in) != 1 || r.count(causeCrowded) != 1 || gone(idle[0]) != true || gone(idle[1]) || gone(idle[2]) {
			t.Errorf("%d came in, %d gave way", len(r.in), r.count(causeCrowded))
		}
		dripping := r.street.visitor()
		begin := time.Now()
		hello := append([]byte{22, 3, 1, 16, 0, 1, 0, 15, 252, 3, 3}, make([]byte, 100)...)
		for err := error(nil); err == nil; time.Sleep(time.Second) { // a ClientHello that never ends
			_, err = dripping.Write(hello[:1])
			hello = hello[1:]
			if time.Since(begin) > time.Minute {
				t.Fatal("bytes one by one keep a handshake alive")
			}
		}
		if took := time.Since(begin); took > 7*time.Second {
			t.Errorf("it took %s to be shown out", took)
		}
		synctest.Wait()
		if r.count(causeTimeout) != 3 || !gone(idle[1]) || !gone(idle[2]) {
			t.Errorf("%d in time", r.count(causeTimeout))
		}
		in := <-r.in
		time.Sleep(time.Hour) // the deadline of the handshake is not that of the connection
		go in.Write([]byte("x"))
		if _, err := io.ReadFull(good, make([]byte, 1)); err != nil {
			t.Errorf("who came in is cut: %v", err)
		}
		in.Close()
		good.Close()
	})
}

// gone tells whether the other end of a pipe was closed.
func gone(c net.Conn) bool {
	c.SetReadDeadline(time.Now().Add(time.Millisecond))
	for {
		_, err := c.Read(make([]byte, 100))
		if err != nil {
			return errors.Is(err, io.EOF)
		}
	}
}

// Close ends what goes on; an error of the plain listener is told and does
// not end anything.
func TestCloseAndErrors(t *testing.T) {
	server, _ := site(t)
	synctest.Test(t, func(t *testing.T) {
		r := newRoom(t, Options{Config: server, Proto: SIP})
		r.street.come <- nil
		if err := <-r.errs; !errors.Is(err, errHiccup) {
			t.Error(err)
		}
		idle := r.street.visitor()
		synctest.Wait()
		begin := time.Now()
		r.close()
		if took := time.Since(begin); took > 0 {
			t.Errorf("Close waited %s for a handshake", took)
		}
		if err := <-r.errs; !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
		if !gone(idle) || r.count(causeClosed)+r.count(causeTimeout) != 0 {
			t.Error("a handshake outlives the listener, or is counted as a client's fault")
		}
		if _, err := r.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
		fresh := New(newStreet(), Options{Config: server, Proto: SIP})
		fresh.Close() // before anything was accepted
		if _, err := fresh.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
}

// Who accepts is woken by a deadline, once it comes, and may go on with another
// one: what has shaken hands meanwhile is there.
func TestDeadline(t *testing.T) {
	server, client := site(t)
	real := time.Now()
	synctest.Test(t, func(t *testing.T) {
		server.Time, client.Time = func() time.Time { return real }, func() time.Time { return real }
		street := newStreet()
		l := New(street, Options{Config: server, Proto: SIP})
		defer l.Close()
		late := func(want time.Duration) {
			t.Helper()
			begin := time.Now()
			if c, err := l.Accept(); c != nil || !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(begin) != want {
				t.Errorf("%v, %v after %s, want it after %s", c, err, time.Since(begin), want)
			}
		}
		l.SetDeadline(time.Unix(1, 0))
		late(0)
		late(0)
		l.SetDeadline(time.Now().Add(time.Minute))
		late(time.Minute)
		l.SetDeadline(time.Now().Add(time.Minute))
		l.SetDeadline(time.Time{})
		time.AfterFunc(time.Hour, func() { l.SetDeadline(time.Now()) })
		late(time.Hour)
		visitor := street.visitor()
		defer visitor.Close()
		go tls.Client(visitor, client).Handshake()
		synctest.Wait()
		late(0)
		l.SetDeadline(time.Time{})
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		c.Close()
	})
}

// The log is told once a minute, with how many there were.
func TestFailuresDoNotFillTheLog(t *testing.T) {
	server, _ := site(t)
	synctest.Test(t, func(t *testing.T) {
		r := newRoom(t, Options{Config: server, Proto: SIP})
		defer r.close()
		fail := func(times int) {
			for range times {
				c := r.street.visitor()
				c.Write([]byte("SSH-2.0-x\r\n"))
				c.Close()
			}
			synctest.Wait()
		}
		fail(50)
		if n := strings.Count(r.log.String(), "\n"); n != 1 || r.count(causeNotTLS) != 50 {
			t.Errorf("%d lines for 50 failures, %d counted", n, r.count(causeNotTLS))
		}
		time.Sleep(time.Minute)
		fail(1)
		if !strings.Contains(r.log.String(), "failed=50 cause=not_tls") {
			t.Errorf("the second minute: %s", r.log)
		}
		for range 5 {
			r.street.visitor().Close() // who only looks whether the port is open
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := strings.Count(r.log.String(), "\n"); n != 2 || r.count(causeClosed) != 5 {
			t.Errorf("%d lines, %d closed:\n%s", n, r.count(causeClosed), r.log)
		}
	})
}

// watched tells when its one connection was closed.
type watched struct {
	net.Listener
	done chan struct{}
}

func (w *watched) Accept() (net.Conn, error) {
	c, err := w.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &watchedConn{c.(*net.TCPConn), w.done}, nil
}

type watchedConn struct {
	*net.TCPConn
	done chan struct{}
}

func (c *watchedConn) Close() error {
	defer close(c.done)
	return c.TCPConn.Close()
}

// Every way to fail has its name, and who can be told is told why.
func TestCauses(t *testing.T) {
	server, client := site(t)
	server.NextProtos = []string{"http/1.1"}
	strict := server.Clone()
	strict.ClientAuth, strict.ClientCAs = tls.RequireAndVerifyClientCert, client.RootCAs
	unlucky := client.Clone()
	unlucky.RootCAs = x509.NewCertPool()
	old := client.Clone()
	old.MinVersion, old.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	h2 := client.Clone()
	h2.NextProtos = []string{"h2"}
	stranger := client.Clone()
	own, _ := site(t)
	stranger.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &own.Certificates[0], nil }
	shake := func(c *tls.Config) func(net.Conn) string {
		return func(raw net.Conn) string {
			s := tls.Client(raw, c)
			err := s.Handshake()
			if err == nil {
				s.Write([]byte("GET / HTTP/1.1\r\n\r\n")) // as a client with TLS 1.3 does before it knows
				_, err = s.Read(make([]byte, 1))
			}
			return err.Error()
		}
	}
	say := func(text string) func(net.Conn) string {
		return func(raw net.Conn) string {
			io.WriteString(raw, text)
			answer, _ := io.ReadAll(raw)
			return string(answer)
		}
	}
	for _, c := range []struct {
		server *tls.Config
		client func(net.Conn) string
		cause  string
		told   string
	}{
		{server, say("GET /app HTTP/1.1\r\nHost: x\r\nCookie: " + strings.Repeat("c", 4000) + "\r\n\r\n"), causeHTTP, "HTTP/1.1 400 Bad Request\r\n"},
		{server, say("POST /app HTTP/1.1\r\nHost: x\r\n\r\n"), causeHTTP, PlainHTTPS},
		{server, say("SSH-2.0-OpenSSH\r\n"), causeNotTLS, ""},
		{server, func(raw net.Conn) string { raw.Close(); return "" }, causeClosed, ""},
		{server, shake(unlucky), causeRefused, "unknown authority"},
		{server, shake(old), causeProtocol, "protocol version"},
		{server, shake(h2), causeProtocol, "no application protocol"},
		{strict, shake(client), causeClient, "certificate required"},
		{strict, shake(stranger), causeClient, ""},
	} {
		m, err := NewMetrics(prometheus.NewRegistry())
		if err != nil {
			t.Fatal(err)
		}
		tcp, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		plain := &watched{Listener: tcp, done: make(chan struct{})}
		l := New(plain, Options{Config: c.server, Proto: HTTP, Plain: PlainHTTPS, Metrics: m})
		var serving sync.WaitGroup
		serving.Go(func() {
			if c, err := l.Accept(); err == nil {
				t.Errorf("%v came in", c.RemoteAddr())
				c.Close()
			}
		})
		raw, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		told := c.client(raw)
		raw.Close()
		if !strings.Contains(told, c.told) {
			t.Errorf("%s: the client sees %q, want %q", c.cause, told, c.told)
		}
		<-plain.done
		if testutil.ToFloat64(m.failures.WithLabelValues(HTTP, c.cause)) != 1 {
			t.Errorf("%s is not counted", c.cause)
		}
		l.Close()
		serving.Wait()
		for _, other := range causes {
			if n := testutil.ToFloat64(m.failures.WithLabelValues(HTTP, other)); other != c.cause && n > 0 {
				t.Errorf("%s is counted as %s", c.cause, other)
			}
		}
	}
}

// Where nothing has to do with HTTP, plain SIP is not taken for it, and gets no answer in HTTP.
func TestPlainSIP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, _ := site(t)
		r := newRoom(t, Options{Config: server, Proto: SIP})
		c := r.street.visitor()
		c.Write([]byte("OPTIONS sip:example.com SIP/2.0\r\n"))
		if answer, _ := io.ReadAll(c); strings.Contains(string(answer), "HTTP") {
			t.Errorf("it is told %q", answer)
		}
		synctest.Wait()
		if r.count(causeNotTLS) != 1 || r.count(causeHTTP) != 0 {
			t.Error("not counted as what it is")
		}
		r.close()
	})
}
