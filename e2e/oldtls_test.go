package e2e

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// secureNode is a node whose SIP is by TLS alone. It writes down who came, by the certificate, and what he sent.
type secureNode struct {
	agent
	l net.Listener

	mu     sync.Mutex
	guests map[string]bool
	count  map[string]int // requests, by method
}

// newSecureNode serves until the test ends. Its certificate is for no name at all, as those of many old nodes.
func newSecureNode(t testing.TB, name string, by *authority) *secureNode {
	cert, key := by.sign(&x509.Certificate{Subject: pkix.Name{CommonName: name}})
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{cert.Raw}, PrivateKey: key}}, ClientAuth: tls.RequireAnyClientCert})
	if err != nil {
		t.Fatal(err)
	}
	n := &secureNode{agent: agent{name: name, addr: l.Addr().String()}, l: l, guests: map[string]bool{}, count: map[string]int{}}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go n.serve(c.(*tls.Conn))
		}
	}()
	return n
}

func (n *secureNode) serve(c *tls.Conn) {
	defer c.Close()
	p := &streamPhone{conn: c, in: bufio.NewReader(c), via: "TLS"}
	for {
		m, err := p.read()
		if err != nil {
			return
		}
		if m.response() {
			continue
		}
		n.mu.Lock()
		n.guests[c.ConnectionState().PeerCertificates[0].Subject.CommonName] = true
		n.count[m.method()]++
		n.mu.Unlock()
		for _, r := range n.answer(m) {
			if err := p.send(r.String()); err != nil {
				return
			}
		}
	}
}

// An old XML with PKCS12 keystores, no edits: clients by TLS, WS and UDP are served by nodes that speak SIP by TLS alone and
// announce their tlsPort, with certificates for no name that the truststore believes. A client may show a certificate
// that it believes, too, or none, but no other.
func TestOldBalancerToSecureNodes(t *testing.T) {
	var root *authority
	people := newAuthority(t, "people")
	w, nodes := oldBalancer(t, "lb-configuration-tls.xml", "tls", func(w *world) {
		w.people = people
		root = javaKeystore(t, filepath.Join(w.dir, "keystore.p12"), "PKCS12", "password")
		put(t, filepath.Join(w.dir, "people.pem"), people.pem())
		said, err := exec.Command("keytool", "-importcert", "-noprompt", "-alias", "people", "-file", filepath.Join(w.dir, "people.pem"), "-storetype", "PKCS12", "-keystore", filepath.Join(w.dir, "truststore.p12"), "-storepass", "password").CombinedOutput()
		if err != nil {
			t.Fatalf("keytool: %v\n%s", err, said)
		}
	})
	for _, transport := range []string{"tls", "ws"} {
		p := w.mustEdge(t, root, transport, nil)
		for range 4 {
			if err := p.serve(w.external); err != nil {
				t.Errorf("%s: %v", transport, err)
			}
		}
	}
	phone := newAgent(t, "phone")
	for range 2 {
		if r, err := mustCall(t, w, phone, alice, bob).bye(); err != nil || r.status() != 200 {
			t.Errorf("BYE by UDP: %v, %v", r, err)
		}
	}
	for _, n := range nodes {
		n.secure.mu.Lock()
		if n.secure.count["BYE"] != 5 || n.secure.count["ACK"] != 5 || len(n.secure.guests) != 1 || !n.secure.guests["balancer"] {
			t.Errorf("%s has %v by %v; want 5 of 10 calls, by the keystore's name", n.name, n.secure.count, n.secure.guests)
		}
		n.secure.mu.Unlock()
	}
	for name, c := range map[string]struct {
		by     *authority
		served bool
	}{"believed": {people, true}, "foreign": {newAuthority(t, "foreign"), false}} {
		cert, key := c.by.sign(&x509.Certificate{Subject: pkix.Name{CommonName: name}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
		config := root.trusted()
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			return &tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key}, nil
		}
		conn, err := tls.DialWithDialer(&net.Dialer{Timeout: 10 * time.Second}, "tcp", w.edge["tls"], config)
		if err == nil {
			p := &streamPhone{conn: conn, in: bufio.NewReader(conn), via: "TLS"}
			err = p.serve(w.external)
			conn.Close()
		}
		if (err == nil) != c.served {
			t.Errorf("a client with a certificate that is %s: %v", name, err)
		}
	}
	contains(t, w.proc.log, "tlsClientProtocols", "who knows nothing newer than TLSv1, TLSv1.1 stays out", "not spoken: TLS_RSA_WITH_AES_128_CBC_SHA")
}

// httpsPort with a JKS, no edits: whoever asks by HTTP is sent to the port of HTTPS, which has the certificate of the
// keystore.
func TestOldBalancerHTTPS(t *testing.T) {
	w := &world{t: t, dir: scratch(t)}
	plain, secure, sip, rmi, object, admin := freePort(t), freePort(t), freePort(t), freePort(t), freePort(t), freePort(t)
	root := javaKeystore(t, filepath.Join(w.dir, "keystore"), "JKS", "password")
	put(t, filepath.Join(w.dir, "lb.properties"), fmt.Appendf(nil, "host=127.0.0.1\nexternalPort=%d\ninternalPort=%d\nrmiRegistryPort=%d\nrmiRemoteObjectPort=%d\nhttpPort=%d\nhttpsPort=%d\njavax.net.ssl.keyStore=keystore\njavax.net.ssl.keyStorePassword=password\nshutdownTimeout=0\n",
		sip, freePort(t), rmi, object, plain, secure))
	put(t, filepath.Join(w.dir, "more.yaml"), fmt.Appendf(nil, "state: {dir: state}\nadmin: {listen: \"127.0.0.1:%d\"}\n", admin))
	var err error
	if w.proc, err = launch(w.dir, "twinhop", built(t, true), "run", "--lb", "lb.properties", "-c", "more.yaml"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.strike)
	client := browser(t)
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	client.Transport.(*http.Transport).TLSClientConfig = root.trusted()
	status := func(url string) (code int, location string, err error) {
		resp, err := client.Get(url)
		if err != nil {
			return 0, "", err
		}
		resp.Body.Close()
		return resp.StatusCode, resp.Header.Get("Location"), nil
	}
	to := fmt.Sprintf("https://127.0.0.1:%d/app?x=1", secure)
	eventually(t, 20*time.Second, "HTTP is sent to HTTPS", func() error {
		if !w.proc.running() {
			text, _ := os.ReadFile(w.proc.log)
			t.Fatalf("the gateway ended at once: %v\n%s", w.proc.err, text)
		}
		if code, location, err := status(strings.Replace(to, fmt.Sprintf("https://127.0.0.1:%d", secure), fmt.Sprintf("http://127.0.0.1:%d", plain), 1)); err != nil || code != 302 || location != to {
			return fmt.Errorf("%d to %q, %v", code, location, err)
		}
		return nil
	})
	if code, _, err := status(to); err != nil || code != 503 {
		t.Errorf("HTTPS without a node: %d, %v", code, err)
	}
}
