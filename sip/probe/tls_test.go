package probe

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"twinhop/gateway/cluster"
	"twinhop/sip/peek"
)

// authority signs itself, for the names given.
func authority(t *testing.T, names ...string) (tls.Certificate, *x509.CertPool) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			tmpl.IPAddresses = append(tmpl.IPAddresses, ip)
		} else {
			tmpl.DNSNames = append(tmpl.DNSNames, n)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// secureNode answers OPTIONS over TLS.
func secureNode(t *testing.T, c tls.Certificate) netip.AddrPort {
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{c}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				b := make([]byte, 65536)
				n, _ := c.Read(b)
				var m peek.Message
				if m.Scan(b[:n]) != peek.OK || !strings.Contains(string(b[:n]), "Via: SIP/2.0/TLS ") || !strings.Contains(string(m.Text(m.URI.Span)), ";transport=tls") {
					return
				}
				fmt.Fprint(c, strings.NewReplacer("{id}", string(m.Text(m.CallID)), "\n", "\r\n").Replace(said("200 OK")))
				c.Read(b)
			}()
		}
	}()
	return l.Addr().(*net.TCPAddr).AddrPort()
}

// A node that has a certificate for somebody else is as good as dead, and the detail says why.
func TestProbeOverTLS(t *testing.T) {
	for name, c := range map[string]struct {
		cert, host string
		config     func(*x509.CertPool) *tls.Config
		want       string // of the detail; "": it lives
	}{
		"its name":        {"node1.example", "node1.example", func(p *x509.CertPool) *tls.Config { return &tls.Config{RootCAs: p} }, ""},
		"its address":     {"127.0.0.1", "127.0.0.1", func(p *x509.CertPool) *tls.Config { return &tls.Config{RootCAs: p} }, ""},
		"another name":    {"node2.example", "node1.example", func(p *x509.CertPool) *tls.Config { return &tls.Config{RootCAs: p} }, "node2.example"},
		"nobody we know":  {"node1.example", "node1.example", func(*x509.CertPool) *tls.Config { return &tls.Config{RootCAs: x509.NewCertPool()} }, "unknown authority"},
		"not verified":    {"node2.example", "node1.example", func(*x509.CertPool) *tls.Config { return &tls.Config{InsecureSkipVerify: true} }, ""},
		"no TLS for us":   {"node1.example", "node1.example", func(*x509.CertPool) *tls.Config { return nil }, "not configured"},
		"none was passed": {"node1.example", "node1.example", nil, "not configured"},
	} {
		t.Run(name, func(t *testing.T) {
			cert, pool := authority(t, c.cert)
			var p Prober
			if c.config != nil {
				p.TLS = func() *tls.Config { return c.config(pool) }
			}
			var r cluster.Registry
			at := cluster.Address{Scheme: "tls", Addr: secureNode(t, cert), Host: c.host}
			if err := r.Apply(cluster.Spec{Nodes: []cluster.NodeSpec{{Name: "n", SIP: []cluster.Address{at}}},
				Pools: []cluster.PoolSpec{{Name: "default", Members: []cluster.MemberSpec{{Node: "n"}}}}}); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			got := p.Probe(ctx, r.View().Named("n"))
			if got.OK != (c.want == "") || !strings.Contains(got.Detail, c.want) {
				t.Errorf("%+v", got)
			}
		})
	}
}
