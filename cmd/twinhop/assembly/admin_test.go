package assembly

import (
	"crypto/tls"
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"twinhop/gateway/config"
)

// The admin by TLS: the set-up link leads there, cookies are bound to it, browsers are told to stay with it, and a
// certificate that was replaced is served without a restart.
func TestAdminByTLS(t *testing.T) {
	dir, links := t.TempDir(), make(chan string, 1)
	authority := newAuthority(t, dir)
	authority.issue("site", "127.0.0.1")
	c := settings(t, "http://127.0.0.1:1")
	c.Admin.TLS = config.TLS{Cert: "site.pem", Key: "site.key"}
	g, err := Build(Options{Config: c, Dir: dir, OnSetup: func(u string) { links <- u }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(run(t, g))
	<-g.Serving()
	at := "https://" + g.Addrs().Admin
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: authority.trusting()}}
	ask := func(method, path, body string, cookies ...*http.Cookie) (*http.Response, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, at+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		for _, c := range cookies {
			r.AddCookie(c)
		}
		a, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Body.Close()
		text, _ := io.ReadAll(a.Body)
		return a, string(text)
	}
	link := <-links
	token, ok := strings.CutPrefix(link, at+"/#setup=")
	if !ok {
		t.Fatalf("set-up link %q", link)
	}
	a, text := ask("POST", "/api/v1/auth/setup", `{"name":"ops","password":"correct horse 77 battery","token":"`+token+`"}`)
	if a.StatusCode != 200 || len(a.Cookies()) != 1 || a.Header.Get("Strict-Transport-Security") == "" || a.TLS.Version < tls.VersionTLS12 || strings.Contains(text, "insecure") {
		t.Fatal(a, text)
	}
	if k := a.Cookies()[0]; k.Name != "__Host-twinhop" || !k.Secure || !k.HttpOnly || k.Path != "/" || k.Domain != "" || k.SameSite != http.SameSiteStrictMode {
		t.Errorf("%+v", k)
	}
	k := a.Cookies()[0]
	if a, text := ask("GET", "/api/v1/overview", "", &http.Cookie{Name: k.Name, Value: k.Value}); a.StatusCode != 200 || strings.Contains(text, `"insecure"`) {
		t.Error(a.Status, text)
	}
	if a, _ := ask("GET", "/api/v1/overview", "", &http.Cookie{Name: "twinhop", Value: k.Value}); a.StatusCode != 401 {
		t.Error("a cookie of the other name is taken", a.Status)
	}
	if code, text := get(t, "http://"+g.Addrs().Admin+"/"); code != 400 || !strings.Contains(text, "https://") {
		t.Error("HTTP to the port of HTTPS:", code, text)
	}
	if _, page := ask("GET", "/metrics", ""); !strings.Contains(page, `twinhop_tls_certificate_expiry_timestamp_seconds{file="`+filepath.Join(dir, "site.pem")+`",listener="127.0.0.1:0"}`) {
		t.Error("the end of the certificate is not in /metrics")
	}
	before := a.TLS.PeerCertificates[0]
	authority.issue("site", "127.0.0.1")
	g.certs.Look()
	if a, _ := ask("GET", "/healthz", ""); a.StatusCode != 200 || a.TLS.PeerCertificates[0].Equal(before) {
		t.Error("the certificate that was replaced is still served")
	}
}

// Without TLS other machines are served only where somebody said so, and everybody who looks is told.
func TestAdminInTheClear(t *testing.T) {
	for listen, want := range map[string]bool{"0.0.0.0:0": true, "127.0.0.1:0": false} {
		c := settings(t, "http://127.0.0.1:1")
		c.Admin.Listen, c.Admin.Insecure = listen, true
		g, err := Build(Options{Config: c})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(run(t, g))
		<-g.Serving()
		for _, path := range []string{"/api/v1/overview", "/api/v1/auth/me"} {
			var v struct{ Insecure bool }
			a := api(t, g, "GET", path, "", "")
			if err := json.Unmarshal([]byte(a.text), &v); err != nil || v.Insecure != want {
				t.Errorf("%s of %s: %s, %v", path, listen, a.text, err)
			}
		}
	}
}

// What browsers are led to.
func TestBrowsable(t *testing.T) {
	for _, x := range [][3]string{
		{"127.0.0.1:8090", "", "127.0.0.1:8090"}, {"127.0.0.1:8090", "gw.example", "127.0.0.1:8090"}, {"0.0.0.0:8090", "", "127.0.0.1:8090"},
		{"[::]:8443", "", "127.0.0.1:8443"}, {"[::]:8443", "gw.example", "gw.example:8443"}, {"192.0.2.1:8443", "gw.example", "gw.example:8443"},
		{"192.0.2.1:8443", "", "192.0.2.1:8443"}, {"[2001:db8::1]:8443", "", "[2001:db8::1]:8443"},
	} {
		if got := browsable(address(x[0]), x[1]); got != x[2] {
			t.Errorf("%s, %q: %s, want %s", x[0], x[1], got, x[2])
		}
	}
}

// address is a net.Addr.
type address string

func (a address) Network() string { return "tcp" }
func (a address) String() string  { return string(a) }

// On loopback only names of loopback count, and those that the configuration has.
func TestAdminHosts(t *testing.T) {
	c := settings(t, sign(t, "one"))
	c.Admin.Hosts = []string{"gw1.example"}
	p := &probed{t: t, g: atWork(t, c)}
	p.addr = p.g.Addrs().Admin
	for host, want := range map[string]int{p.addr: 200, "localhost": 200, "gw1.example": 200, "GW1.example:8443": 200, "gw2.example": 421, "gw1.example.evil.example": 421} {
		p.must(want, "GET /healthz", "", "Host: "+host)
	}
}
