package json

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"twinhop/gateway/cluster"
	"twinhop/gateway/heartbeat"
)

func TestOthersAreNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := begin(t, nil)
		defer s.stop()
		for range 5 {
			if status, _, _ := s.raw("192.168.0.1", request(startBody)); status != 0 {
				t.Errorf("answered with %d", status)
			}
		}
		if n := s.wire.read.Load(); n != 0 {
			t.Errorf("%d bytes were read", n)
		}
		if !strings.Contains(s.log(), "192.168.0.1/32") || strings.Count(s.log(), "\n") != 1 {
			t.Error(s.log())
		}
		s.post("10.0.0.1", startBody)
		if s.want("node1"); s.wire.read.Load() == 0 {
			t.Error("nothing was counted")
		}
	})
}

func TestConnectionsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := begin(t, func(s *Server) { s.Limits = Limits{Connections: 5, PerSource: 3} })
		defer s.stop()
		var open []net.Conn
		dial := func(from string) bool {
			c, err := s.wire.dial(from)
			if err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			open = append(open, c)
			return !closed(c)
		}
		var got []bool
		for _, from := range []string{"10.0.0.1", "10.0.0.1", "10.0.0.1", "10.0.0.1", "10.0.0.2", "10.0.0.2", "10.0.0.3"} {
			got = append(got, dial(from))
		}
		if fmt.Sprint(got) != "[true true true false true true false]" {
			t.Errorf("let in: %v", got)
		}
		time.Sleep(6 * time.Second) // who says nothing is gone, and there is room
		s.wants("10.0.0.1", startBody, 200, `{"start":"OK"}`)
		for _, c := range open {
			if !closed(c) {
				t.Error("a silent connection is open")
			}
			c.Close()
		}
	})
}

// closed tells whether the other side closed a connection.
func closed(c net.Conn) bool {
	if c.SetReadDeadline(time.Now().Add(time.Millisecond)) != nil {
		return true
	}
	_, err := c.Read(make([]byte, 1))
	return errors.Is(err, io.EOF)
}

// One byte a second is not progress.
func TestSlowMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := begin(t, nil)
		defer s.stop()
		head, _, _ := strings.Cut(request(startBody), startBody)
		for _, at := range []int{0, len(head)} {
			c, err := s.wire.dial("10.0.0.1")
			if err != nil {
				t.Fatal(err)
			}
			go func() { _, _ = io.Copy(io.Discard, c) }()
			begun := time.Now()
			if _, err := io.WriteString(c, request(startBody)[:at]); err != nil {
				t.Fatal(err)
			}
			for _, b := range []byte(request(startBody)[at:]) {
				if _, err = c.Write([]byte{b}); err != nil {
					break
				}
				time.Sleep(time.Second)
			}
			if took := time.Since(begun); err == nil || took > 7*time.Second {
				t.Errorf("from %d: %v after %s", at, err, took)
			}
			c.Close()
		}
		s.want("")
	})
}

// nodeAt answers as a node does that is told that we stop.
func nodeAt(told *sync.Map, at string, hangs bool) net.Conn {
	near, far := net.Pipe()
	go func() {
		defer far.Close()
		r, err := http.ReadRequest(bufio.NewReader(far))
		if err != nil {
			return
		}
		body, _ := io.ReadAll(r.Body)
		told.Store(at, r.Method+" "+r.URL.Path+" "+r.Header.Get("Content-Type")+" "+string(body)+" "+fmt.Sprint(r.Header.Get(SignatureHeader) != ""))
		if hangs {
			_, _ = far.Read(make([]byte, 1))
			return
		}
		_, _ = io.WriteString(far, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{\"stop\":\"OK\"}")
	}()
	return &end{Conn: near, peer: net.TCPAddrFromAddrPort(netip.MustParseAddrPort(at)), read: new(atomic.Int64)}
}

func TestNodesAreToldThatWeStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told sync.Map
		s := begin(t, func(s *Server) {
			s.Secret = []byte("key")
			s.Dial = func(_ context.Context, _, address string) (net.Conn, error) {
				if address == "10.0.0.250:2222" {
					return nil, errors.New("no route to host")
				}
				return nodeAt(&told, address, strings.HasPrefix(address, "10.0.0.24")), nil
			}
		})
		for i := range 250 {
			at := fmt.Sprintf("10.0.0.%d", i+1)
			body := strings.NewReplacer("10.0.0.1", at, "node1", fmt.Sprint("node", i)).Replace(startBody)
			if i == 7 {
				body = strings.Replace(body, `"heartbeatPort":"2222",`, "", 1)
			}
			if status, answer, _ := s.raw(at, signed("key", body, nil)); status != 200 {
				t.Fatal(answer)
			}
		}
		for _, by := range []string{"rmi", "json"} { // of another protocol; refused
			a := heartbeat.Announcement{By: by, IP: netip.MustParseAddr("10.0.0.251"), Ports: heartbeat.Ports{UDP: 1}, StopPort: 2222, Session: "1"}
			if by == "json" {
				a.IP = netip.MustParseAddr("10.0.1.1")
			}
			if err := s.Roster.Ping(a.IP, a); (err == nil) != (by == "rmi") {
				t.Fatal(err)
			}
		}
		begun := time.Now()
		s.stop()
		if took := time.Since(begun); took > 2*time.Second {
			t.Errorf("it took %s", took)
		}
		n := 0
		told.Range(func(_, _ any) bool { n++; return true })
		if n != 248 {
			t.Errorf("%d nodes were told", n)
		}
		if _, ok := told.Load("10.0.0.8:2222"); ok {
			t.Error("told without a heartbeatPort")
		}
		if got, _ := told.Load("10.0.0.1:2222"); got != `POST / application/json {"stop":{"ipAddress":"10.0.0.9","port":2610}} true` {
			t.Errorf("told %v", got)
		}
		if !strings.Contains(s.log(), "could not be told") {
			t.Error("the log does not say who was not told")
		}
	})
}

// Only who has a certificate of the operator gets in.
func TestCertificates(t *testing.T) {
	pool, mine := certificates(t)
	_, other := certificates(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &heartbeat.Roster{Registry: &cluster.Registry{}}
	r.Apply(heartbeat.Settings{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	s := &Server{Roster: r, Listener: l, TLS: &tls.Config{Certificates: []tls.Certificate{mine}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert}}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	for _, tt := range []struct {
		name  string
		certs []tls.Certificate
		ok    bool
	}{{"none", nil, false}, {"of somebody else", []tls.Certificate{other}, false}, {"of ours", []tls.Certificate{mine}, true}} {
		tr := &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: pool, Certificates: tt.certs, ServerName: "gateway"}}
		c := &Client{URL: "https://" + l.Addr().String(), HTTP: &http.Client{Transport: tr}, Properties: map[string]string{"ip": "127.0.0.1", "udpPort": "5080"}}
		if err := c.Start(t.Context(), "1"); (err == nil) != tt.ok || (len(r.Nodes()) == 1) != tt.ok {
			t.Errorf("%s: %v, %d nodes", tt.name, err, len(r.Nodes()))
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// certificates makes an authority and a certificate of it for both ends.
func certificates(t *testing.T) (*x509.CertPool, tls.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, DNSNames: []string{"gateway"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	if c, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(c)
	return pool, tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
