package e2e

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// authority signs the certificates of a scenario.
type authority struct {
	t    testing.TB
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t testing.TB, name string) *authority {
	a := &authority{t: t}
	a.cert, a.key = a.sign(&x509.Certificate{Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	return a
}

func (a *authority) sign(c *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	c.SerialNumber, _ = rand.Int(rand.Reader, big.NewInt(1<<62))
	c.NotBefore, c.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(90*24*time.Hour)
	parent, by := a.cert, a.key
	if parent == nil {
		parent, by = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, by)
	if err != nil {
		a.t.Fatal(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return made, key
}

// write signs and puts name.pem and name.key into a directory, each in place of what was there.
func (a *authority) write(dir, name string, c *x509.Certificate) *x509.Certificate {
	a.t.Helper()
	made, key := a.sign(c)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	put(a.t, filepath.Join(dir, name+".pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: made.Raw}))
	put(a.t, filepath.Join(dir, name+".key"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	return made
}

// pem is the authority's certificate as a file has it.
func (a *authority) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
}

func put(t testing.TB, name string, text []byte) {
	t.Helper()
	if err := os.WriteFile(name+".new", text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(name+".new", name); err != nil {
		t.Fatal(err)
	}
}

func site(names ...string) *x509.Certificate {
	return &x509.Certificate{Subject: pkix.Name{CommonName: "site"}, DNSNames: names, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
}

// trusted is what a client of this authority's servers is configured with.
func (a *authority) trusted() *tls.Config {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return &tls.Config{RootCAs: pool}
}

// surfer is a browser that trusts an authority.
func (a *authority) surfer() *http.Client {
	jar, _ := cookiejar.New(nil)
	tr := &http.Transport{MaxIdleConnsPerHost: 4, TLSClientConfig: a.trusted(), ForceAttemptHTTP2: true}
	a.t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Jar: jar, Timeout: 20 * time.Second, Transport: tr}
}

// curl runs the real one, trusting root.pem of the scenario's directory.
func (w *world) curl(args ...string) (string, error) {
	var out bytes.Buffer
	c := exec.Command("curl", append([]string{"-sS", "-i", "--max-time", "20", "--cacert", filepath.Join(w.dir, "root.pem")}, args...)...)
	c.Stdout, c.Stderr = &out, &out
	err := c.Run()
	return out.String(), err
}

// secured is a stage with one HTTPS listener whose certificate root has signed.
func secured(root *authority, s stage) stage {
	s.HTTPS = append([]string{"{cert: site.pem, key: site.key}"}, s.HTTPS...)
	before := s.Files
	s.Files = func(w *world) {
		root.write(w.dir, "site", site("site.example", "localhost"))
		put(w.t, filepath.Join(w.dir, "root.pem"), root.pem())
		if before != nil {
			before(w)
		}
	}
	return s
}

// By HTTPS as by HTTP, each session is seen by exactly one node.
func TestHTTPSSticky(t *testing.T) {
	root := newAuthority(t, "root")
	w := set(t, secured(root, stage{Tomcats: true}))
	crowd(t, func(int) (node string, err error) {
		c := root.surfer()
		for n := range requests {
			p, err := fetch(c, "GET", w.https[0]+"/app/hits.jsp", nil)
			if err := stays(p, err, &node, n+1); err != nil {
				return node, err
			}
		}
		return node, nil
	})
}

// The application learns that the client came by HTTPS, and behaves so; real curl is content.
func TestHTTPSTellsTheApplication(t *testing.T) {
	need(t, "curl")
	root := newAuthority(t, "root")
	w := set(t, secured(root, stage{Tomcats: true}))
	port := w.https[0][strings.LastIndexByte(w.https[0], ':')+1:]
	told, err := w.curl("--http2", "https://localhost:"+port+"/behind/told.jsp")
	for _, line := range []string{"HTTP/1.1 200", "\nsecure=https true", "\nserver=localhost " + port, "\nremote=127.0.0.1 "} {
		if err != nil || !strings.Contains(told, line) {
			t.Errorf("no %q in (%v)\n%s", line, err, told)
		}
	}
	if told, err := w.curl(w.http + "/behind/told.jsp"); err != nil || !strings.Contains(told, "\nsecure=http false") {
		t.Errorf("by HTTP (%v)\n%s", err, told)
	}
	if told, err := w.curl("-H", "X-Forwarded-Proto: https", w.http+"/behind/told.jsp"); err != nil || !strings.Contains(told, "\nsecure=http false") {
		t.Errorf("by HTTP, with a lie (%v)\n%s", err, told)
	}
	first, err := fetch(root.surfer(), "GET", w.https[0]+"/behind/hits.jsp", nil)
	if err != nil || !strings.Contains(first.header.Get("Set-Cookie"), "; Secure") {
		t.Errorf("the session cookie is %q, %v", first.header.Get("Set-Cookie"), err)
	}
	if followed, err := w.curl("-L", w.https[0]+"/behind/go.jsp"); err != nil || !strings.Contains(followed, "HTTP/1.1 302") || !strings.Contains(followed, "\nhits=1") {
		t.Errorf("a redirect of the application (%v)\n%s", err, followed)
	}
	if wrong, err := w.curl("http://localhost:" + port + "/app/plain.jsp"); err != nil || !strings.Contains(wrong, "400 Bad Request") || !strings.Contains(wrong, "https://") {
		t.Errorf("HTTP to the port of HTTPS (%v)\n%s", err, wrong)
	}
	if out, err := exec.Command("curl", "-sS", "--max-time", "20", w.https[0]+"/app/plain.jsp").CombinedOutput(); err == nil {
		t.Errorf("a client that does not trust us got %s", out)
	}
}

// Who has to show a certificate does, or stays outside; a node that speaks AJP learns who it was.
func TestHTTPSClientCertificate(t *testing.T) {
	need(t, "curl")
	root, people := newAuthority(t, "root"), newAuthority(t, "people")
	s := secured(root, byAJP)
	s.HTTPS = append(s.HTTPS, "{cert: site.pem, key: site.key, clientCA: people.pem, clientAuth: require}",
		"{cert: site.pem, key: site.key, clientCA: people.pem, clientAuth: optional}")
	before := s.Files
	s.Files = func(w *world) {
		before(w)
		put(t, filepath.Join(w.dir, "people.pem"), people.pem())
		use := []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		people.write(w.dir, "alice", &x509.Certificate{Subject: pkix.Name{CommonName: "alice"}, ExtKeyUsage: use})
		newAuthority(t, "strangers").write(w.dir, "mallory", &x509.Certificate{Subject: pkix.Name{CommonName: "mallory"}, ExtKeyUsage: use})
	}
	w := set(t, s)
	for mode, want := range map[int]map[string]string{
		0: {"": "null", "alice": "null"},
		1: {"": "refused", "alice": "CN=alice", "mallory": "refused"},
		2: {"": "null", "alice": "CN=alice", "mallory": "refused"},
	} {
		for name, person := range want {
			args := []string{w.https[mode] + "/app/told.jsp"}
			if name != "" {
				args = append(args, "--cert", filepath.Join(w.dir, name+".pem"), "--key", filepath.Join(w.dir, name+".key"))
			}
			told, err := w.curl(args...)
			switch {
			case person == "refused":
				if err == nil {
					t.Errorf("listener %d, %q came in:\n%s", mode, name, told)
				}
			case err != nil || !strings.Contains(told+"\n", "\nperson="+person+"\n") || !strings.Contains(told, "\nsecure=https true\n") || !strings.Contains(told, "\ncipher=TLS_"):
				t.Errorf("listener %d, %q is not %q (%v):\n%s", mode, name, person, err, told)
			}
		}
	}
}

// served is the certificate that a new connection gets.
func (a *authority) served(url string) (*x509.Certificate, error) {
	d := net.Dialer{Timeout: 5 * time.Second}
	c, err := tls.DialWithDialer(&d, "tcp", strings.TrimPrefix(url, "https://"), a.trusted())
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return c.ConnectionState().PeerCertificates[0], nil
}

// socketTLS opens a WebSocket by wss.
func (w *world) socketTLS(a *authority, cookie string) *socket {
	w.t.Helper()
	d := ws.Dialer{Header: ws.HandshakeHeaderHTTP(http.Header{"Cookie": {cookie}}), Timeout: 10 * time.Second, TLSConfig: a.trusted()}
	c, early, _, err := d.Dial(context.Background(), strings.Replace(w.https[0], "https:", "wss:", 1)+"/app/socket")
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { c.Close() })
	if early == nil {
		early = bufio.NewReader(c)
	}
	s := &socket{Conn: c, in: io.Reader(early)}
	c.SetDeadline(time.Now().Add(150 * time.Second))
	hello, err := wsutil.ReadServerText(s)
	if err != nil {
		w.t.Fatal(err)
	}
	s.hello = string(hello)
	return s
}

// Certificates are replaced while the gateway runs: new connections get the new one within a minute, open
// WebSockets go on, and a broken file leaves the old one, with a line in the log and a metric.
func TestHTTPSCertificateIsReplaced(t *testing.T) {
	t.Parallel() // it waits more than it works
	root := newAuthority(t, "root")
	s := secured(root, stage{Web: [2]string{socketNode(t, "node1"), socketNode(t, "node2")}, HTTPS: []string{"{cert: other.pem, key: other.key}"}})
	before, old := s.Files, map[string]*x509.Certificate{}
	s.Files = func(w *world) {
		before(w)
		old["other"] = root.write(w.dir, "other", site("other.example"))
	}
	w := set(t, s)
	cookies := map[string]string{}
	for n := 0; len(cookies) < 2 && n < 50; n++ {
		client := root.surfer()
		client.Jar = nil
		p, err := fetch(client, "GET", w.https[0]+"/app/plain.jsp", nil)
		if err != nil {
			t.Fatal(err)
		}
		cookies[p.node], _, _ = strings.Cut(p.header.Get("Set-Cookie"), ";")
	}
	var open []*socket
	for name, cookie := range cookies {
		s := w.socketTLS(root, cookie)
		if want := name + " " + cookie; s.hello != want {
			t.Errorf("the socket of %s said %q, want %q", name, s.hello, want)
		}
		if err := s.echoes(); err != nil {
			t.Error(err)
		}
		open = append(open, s)
	}
	if len(open) != 2 {
		t.Fatalf("sockets of %d nodes", len(open))
	}
	was, err := root.served(w.https[0])
	if err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(w.dir, "other.pem"), []byte("-----BEGIN CERTIFICATE-----\nhalf a\n"))
	renewed := root.write(w.dir, "site", site("site.example"))
	eventually(t, 90*time.Second, "the new certificate is served", func() error {
		got, err := root.served(w.https[0])
		switch {
		case err != nil:
			t.Fatalf("while it is replaced: %v", err)
		case got.Equal(was):
			return fmt.Errorf("it is the old one")
		case !got.Equal(renewed):
			t.Fatal("it is neither the old one nor the new one")
		}
		return nil
	})
	if got, err := root.served(w.https[1]); err != nil || !got.Equal(old["other"]) {
		t.Errorf("a broken file changed what is served: %v", err)
	}
	for _, s := range open {
		if err := s.echoes(); err != nil {
			t.Errorf("a socket from before (%.5s): %v", s.hello, err)
		}
	}
	resp, err := directly.Get(w.admin + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	metrics, _ := io.ReadAll(resp.Body)
	for _, line := range []string{fmt.Sprintf("twinhop_tls_certificate_reload_failed{file=%q,listener=%q} 1", filepath.Join(w.dir, "other.pem"), strings.TrimPrefix(w.https[1], "https://")),
		fmt.Sprintf("twinhop_tls_certificate_reload_failed{file=%q,listener=%q} 0", filepath.Join(w.dir, "site.pem"), strings.TrimPrefix(w.https[0], "https://"))} {
		if !bytes.Contains(metrics, []byte(line)) {
			t.Errorf("no %s in /metrics", line)
		}
	}
	log, err := os.ReadFile(w.proc.log)
	if err != nil || bytes.Count(log, []byte("a changed certificate cannot be used")) != 1 || bytes.Contains(log, []byte("PRIVATE")) {
		t.Errorf("the log does not tell of the broken file once: %v\n%s", err, log)
	}
}

// More idlers than may shake hands at once: the oldest give way, and whoever means it is served.
func TestHTTPSIdlersKeepNobodyOut(t *testing.T) {
	root := newAuthority(t, "root")
	w := set(t, secured(root, stage{Web: [2]string{socketNode(t, "node1"), socketNode(t, "node2")}, Config: "limits: {http: {headerTimeout: 1m}}\n"}))
	var idle []net.Conn
	defer func() {
		for _, c := range idle {
			c.Close()
		}
	}()
	visit := func() {
		t.Helper()
		client := root.surfer()
		client.Timeout = 5 * time.Second
		if p, err := fetch(client, "GET", w.https[0]+"/app/plain.jsp", nil); err != nil || p.node == "" {
			t.Errorf("with %d idlers: %+v, %v", len(idle), p, err)
		}
	}
	for len(idle) < 1300 {
		c, err := net.DialTimeout("tcp", strings.TrimPrefix(w.https[0], "https://"), 5*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		if idle = append(idle, c); len(idle)%100 == 0 {
			visit()
		}
	}
	given := 0
	for _, c := range idle {
		c.SetReadDeadline(time.Now().Add(time.Millisecond))
		if _, err := c.Read(make([]byte, 1)); !isTimeout(err) {
			given++
		}
	}
	if given < 1300-1024 || given > 1300-1024+20 {
		t.Errorf("%d of 1300 idlers gave way, want 276 and some for the visitors", given)
	}
}
