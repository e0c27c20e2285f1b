package assembly

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"twinhop/gateway/config"
)

// putPair writes a certificate and its key and returns who trusts it.
func putPair(t *testing.T, dir string) *x509.CertPool {
	t.Helper()
	s := httptest.NewTLSServer(http.NotFoundHandler()) // for its certificate
	defer s.Close()
	key, err := x509.MarshalPKCS8PrivateKey(s.TLS.Certificates[0].PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string]*pem.Block{"site.pem": {Type: "CERTIFICATE", Bytes: s.Certificate().Raw}, "site.key": {Type: "PRIVATE KEY", Bytes: key}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(b), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return pool
}

// A listener with a certificate speaks HTTPS beside one without, file names are those of the configuration's
// directory, and what fails and what expires is in the metrics.
func TestHTTPSBesideHTTP(t *testing.T) {
	node := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, r.Header.Get("X-Forwarded-Proto")+" "+r.Proto)
	}))
	defer node.Close()
	dir := t.TempDir()
	roots := putPair(t, dir)
	c := settings(t, node.URL)
	c.Listen.HTTP = append(c.Listen.HTTP, config.HTTPListener{Addr: "127.0.0.1:0", TLS: config.TLS{Cert: "site.pem", Key: "site.key", ClientAuth: "off"}})
	g, err := Build(Options{Config: c, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	stop := run(t, g)
	<-g.Ready()
	a := g.Addrs()
	if len(a.HTTP) != 1 || len(a.HTTPS) != 1 {
		t.Fatalf("%+v", a)
	}
	if _, body := get(t, "http://"+a.HTTP[0]+"/"); body != "http HTTP/1.1" {
		t.Errorf("by HTTP the node sees %q", body)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	resp, err := (&http.Client{Transport: transport}).Get("https://" + a.HTTPS[0] + "/")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	if string(body) != "https HTTP/1.1" || resp.ProtoMajor != 1 {
		t.Errorf("by HTTPS (%s) the node sees %q", resp.Proto, body)
	}
	if code, body := get(t, "http://"+a.HTTPS[0]+"/"); code != 400 || !strings.Contains(body, "https://") {
		t.Errorf("HTTP to the port of HTTPS: %d %q", code, body)
	}
	_, page := get(t, "http://"+a.Admin+"/metrics")
	for _, line := range []string{`twinhop_tls_handshake_failures_total{cause="plain_http",proto="http"} 1`,
		`twinhop_tls_certificate_expiry_timestamp_seconds{file="` + filepath.Join(dir, "site.pem") + `",listener="127.0.0.1:0"} 3.6`,
		`twinhop_tls_certificate_reload_failed{file="` + filepath.Join(dir, "site.pem") + `",listener="127.0.0.1:0"} 0`} {
		if !strings.Contains(page, line) {
			t.Errorf("no %s in /metrics", line)
		}
	}
	stop()
}

// A file that went between check and start stops the start, and leaves nothing open.
func TestHTTPSWithoutFile(t *testing.T) {
	c := settings(t, "http://127.0.0.1:1")
	c.Listen.HTTP[0].TLS = config.TLS{Cert: "site.pem", Key: "site.key", ClientAuth: "off"}
	_, err := Build(Options{Config: c, Dir: t.TempDir()})
	if err == nil || !strings.Contains(err.Error(), "listen.http[0].tls") || !strings.Contains(err.Error(), "site.pem") {
		t.Error(err)
	}
}
