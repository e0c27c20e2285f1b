package http

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"twinhop/gateway"
	"twinhop/http/follow"
	"twinhop/http/head"
)

// secured is a stage that speaks TLS, and a client's configuration for it.
func secured(t *testing.T, nodes []node, change func(*stage)) (*stage, *tls.Config) {
	site := httptest.NewTLSServer(http.NotFoundHandler()) // for its certificate
	defer site.Close()
	roots := x509.NewCertPool()
	roots.AddCert(site.Certificate())
	s := newStage(t, nodes, func(s *stage) {
		s.tls = &tls.Config{Certificates: site.TLS.Certificates, NextProtos: []string{"http/1.1"}}
		if change != nil {
			change(s)
		}
	})
	return s, &tls.Config{RootCAs: roots, ServerName: "example.com"}
}

// over sends bytes by TLS and returns all the front answers until it closes.
func (s *stage) over(c *tls.Config, request string) string {
	s.t.Helper()
	conn, err := tls.Dial("tcp", s.addr, c)
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, request)
	answer, _ := io.ReadAll(conn)
	return string(answer)
}

// Nodes are told that the client spoke HTTPS, and to which port; a client cannot say otherwise, a trusted proxy can.
func TestForwardedOverTLS(t *testing.T) {
	for _, trusted := range []bool{false, true} {
		r := newRecorder(t, "n1")
		s, client := secured(t, []node{r.node}, func(s *stage) {
			if trusted {
				s.settings.Trusted = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
			}
		})
		for request, want := range map[string]string{
			"Host: site.example\r\n":      "X-Forwarded-Host: site.example\r\nX-Forwarded-Port: 443\r\nX-Forwarded-Proto: https\r\n",
			"Host: site.example:8443\r\n": "X-Forwarded-Host: site.example:8443\r\nX-Forwarded-Port: 8443\r\nX-Forwarded-Proto: https\r\n",
			"Host: site.example\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Port: 80\r\n": map[bool]string{
				false: "X-Forwarded-Host: site.example\r\nX-Forwarded-Port: 443\r\nX-Forwarded-Proto: https\r\n",
				true:  "X-Forwarded-Host: site.example\r\nX-Forwarded-Port: 80\r\nX-Forwarded-Proto: http\r\n"}[trusted],
		} {
			s.over(client, "GET /app HTTP/1.1\r\n"+request+"Connection: close\r\n\r\n")
			got := r.take()
			if len(got) != 1 {
				t.Fatalf("%q: the node got %q", request, got)
			}
			for line := range strings.Lines(want) {
				if strings.Count(got[0], line) != 1 {
					t.Errorf("trusted %t, %q: the node got\n%swant %s", trusted, request, got[0], line)
				}
			}
		}
	}
}

// The gateway's own cookie is for TLS only when it was given by TLS, and its redirect stays where the client is.
func TestRedirectOverTLS(t *testing.T) {
	correcting := func(s *stage) {
		s.leader, s.settings.Follow, s.settings.MaxCorrections = gateway.LeaderSIP, FollowRedirect, 5
	}
	nodes := []node{namedNode(t, "n1"), namedNode(t, "n2")}
	s, client := secured(t, nodes, correcting)
	s.bind("alice", "n2")
	answer := s.over(client, "GET "+wrong+" HTTP/1.1\r\nHost: site.example\r\nConnection: close\r\n\r\n")
	if !strings.Contains(answer, "\r\nLocation: /app;jsessionid=A.n2?appsession=alice\r\n") {
		t.Errorf("Location: %s", answer)
	}
	plain := newStage(t, nodes, correcting)
	plain.bind("alice", "n2")
	inClear := plain.rawSend("GET " + wrong + " HTTP/1.1\r\nHost: site.example\r\nConnection: close\r\n\r\n")
	for i, text := range []string{answer, inClear} {
		want := i == 0
		resp, err := http.ReadResponse(bufio.NewReader(strings.NewReader(text)), nil)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if c := resp.Cookies(); len(c) != 1 || c[0].Name != follow.CookieName || c[0].Secure != want || !c[0].HttpOnly {
			t.Errorf("cookies %v, want %s with Secure %t", c, follow.CookieName, want)
		}
	}
}

// peers is a backend that notes by which connection requests came in.
type peers struct {
	head.Backend
	seen chan head.Peer
}

func (p peers) Exchange(ctx context.Context, addr string, r *head.Request, body io.Reader) (*head.Response, error) {
	p.seen <- r.Peer
	return p.Backend.Exchange(ctx, addr, r, body)
}

// A backend sees the TLS connection, with the client's certificate.
func TestPeerOverTLS(t *testing.T) {
	p := peers{seen: make(chan head.Peer, 1)}
	s, client := secured(t, []node{namedNode(t, "n1")}, func(s *stage) {
		p.Backend = s.front.Backends["http"]
		s.front.Backends["http"] = p
		s.tls.ClientAuth = tls.RequireAnyClientCert
		s.tls.Certificates[0].Leaf = nil
	})
	client.Certificates = s.tls.Certificates // any will do
	s.over(client, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	peer := <-p.seen
	if peer.TLS == nil || !peer.TLS.HandshakeComplete || peer.TLS.CipherSuite == 0 || len(peer.TLS.PeerCertificates) != 1 || peer.TLS.NegotiatedProtocol != "" ||
		peer.Local.String() != s.addr || !peer.Remote.IsValid() {
		t.Errorf("%+v", peer)
	}
}

// wss: WebSockets pass by TLS, messages larger than a record too.
func TestWebSocketOverTLS(t *testing.T) {
	s, client := secured(t, []node{echoSocket(t, "n1")}, nil)
	d := ws.Dialer{TLSConfig: client}
	c, early, _, err := d.Dial(t.Context(), "wss://"+s.addr+"/chat")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	in := io.Reader(c)
	if early != nil {
		in = io.MultiReader(io.LimitReader(early, int64(early.Buffered())), c)
	}
	rw := struct {
		io.Reader
		io.Writer
	}{in, c}
	if hello, err := wsutil.ReadServerText(rw); err != nil || !strings.HasPrefix(string(hello), "n1 127.0.0.1") {
		t.Fatalf("%q, %v", hello, err)
	}
	for _, size := range []int{1, 70_000} {
		sent := make(chan error, 1)
		go func() { sent <- wsutil.WriteClientText(c, []byte(strings.Repeat("x", size))) }()
		if got, err := wsutil.ReadServerText(rw); err != nil || len(got) != size {
			t.Errorf("%d of %d bytes: %v", len(got), size, err)
		}
		if err := <-sent; err != nil {
			t.Error(err)
		}
	}
}
