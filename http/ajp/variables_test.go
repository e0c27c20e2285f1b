package ajp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"twinhop/http/head"
)

// The operator's attributes come last, as JkEnvVar's do; a client can neither
// add one nor change one.
func TestJkEnvVar(t *testing.T) {
	name := func(cn, o string) pkix.Name {
		return pkix.Name{CommonName: cn, Organization: []string{o}, Country: []string{"CH"}}
	}
	alice := &x509.Certificate{Raw: []byte("alice"), Subject: name("alice", "Acme, Inc."), Issuer: name("people", "Acme"), SerialNumber: big.NewInt(0xABC),
		NotBefore: time.Date(2026, 11, 1, 9, 5, 0, 0, time.FixedZone("", 3600)), NotAfter: time.Date(2027, 11, 21, 0, 0, 0, 0, time.UTC)}
	s := Settings{Secret: "s", Attributes: []Attribute{{"STAGE", "production"}, {"EMPTY", ""}}, Variables: Variables()}
	own := func(c *tls.ConnectionState) string {
		r := client("GET", "/", "STAGE: lie", "SSL_CLIENT_S_DN: lie", "SSL_CLIENT_VERIFY: SUCCESS")
		r.Peer.TLS = c
		q := readForward([]byte(sealed(t, r, s)[4:]))
		i := slices.IndexFunc(q.attrs, func(f head.Field) bool { return f.Name == "JK_LB_ACTIVATION" })
		return fmt.Sprint(q.attrs[i+1:])
	}
	if got := own(nil); got != "[{STAGE production} {EMPTY }]" {
		t.Error(got)
	}
	c := &tls.ConnectionState{Version: tls.VersionTLS12, CipherSuite: tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}
	if got, want := own(c), "[{STAGE production} {EMPTY } {HTTPS on} {SSL_CIPHER TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256} {SSL_CIPHER_USEKEYSIZE 128} "+
		"{SSL_CLIENT_VERIFY NONE} {SSL_PROTOCOL TLSv1.2}]"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	c.PeerCertificates, c.ServerName = []*x509.Certificate{alice}, "shop.example"
	got := own(c)
	for _, want := range []string{"{SSL_CLIENT_VERIFY GENEROUS}", "{SSL_TLS_SNI shop.example}", "{SSL_CLIENT_M_SERIAL 0ABC}",
		"{SSL_CLIENT_S_DN CN=alice,O=Acme\\, Inc.,C=CH}", "{SSL_CLIENT_S_DN_CN alice}", "{SSL_CLIENT_S_DN_O Acme, Inc.}", "{SSL_CLIENT_I_DN_CN people}",
		"{SSL_CLIENT_I_DN_C CH}", "{SSL_CLIENT_V_START Nov  1 08:05:00 2026 GMT}", "{SSL_CLIENT_V_END Nov 21 00:00:00 2027 GMT}"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
	if strings.Contains(got, "_OU") || strings.Contains(got, "lie") {
		t.Error(got)
	}
	c.VerifiedChains = [][]*x509.Certificate{{alice}}
	if got := own(c); !strings.Contains(got, "{SSL_CLIENT_VERIFY SUCCESS}") {
		t.Error(got)
	}
	s.Variables = []string{"NO_SUCH"} // the configuration refuses it
	if got := own(c); strings.Contains(got, "NO_SUCH") {
		t.Error(got)
	}
}

// Connections come from the address that is set.
func TestSource(t *testing.T) {
	from := make(chan string, 2)
	addr := listen(t, func(c *container, _ int) {
		from <- c.RemoteAddr().(*net.TCPAddr).IP.String()
		for c.request() != nil {
			io.WriteString(c, headers(200)+endReuse)
		}
	})
	for _, source := range []string{"127.0.0.1", "127.0.0.9"} {
		c := all(t, Settings{Source: netip.MustParseAddr(source)})
		must(t, c, addr)
		if got := <-from; got != source {
			t.Errorf("from %s, want %s", got, source)
		}
	}
	c := all(t, Settings{Source: netip.MustParseAddr("192.0.2.1")})
	if _, err := c.Exchange(context.Background(), addr, get(), nil); !head.NotSent(err) {
		t.Error("from an address that is not ours:", err)
	}
}
