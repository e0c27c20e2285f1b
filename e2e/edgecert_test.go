package e2e

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"path/filepath"
	"strings"
	"testing"
)

// Each name has its certificate, over TLS and WSS; who has to show one of his own does, or stays outside.
func TestEdgeCertificates(t *testing.T) {
	root, people := newAuthority(t, "root"), newAuthority(t, "people")
	s := secured(root, stage{Agents: true, Edge: []string{"tls", "wss"},
		Words: "    tls: {cert: site.pem, key: site.key, more: [{cert: other.pem, key: other.key}], clientCA: people.pem, clientAuth: require}\n"})
	before := s.Files
	s.Files = func(w *world) {
		before(w)
		root.write(w.dir, "other", &x509.Certificate{Subject: pkix.Name{CommonName: "other"}, DNSNames: []string{"other.example"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
		put(t, filepath.Join(w.dir, "people.pem"), people.pem())
		use := []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		people.write(w.dir, "alice", &x509.Certificate{Subject: pkix.Name{CommonName: "alice"}, ExtKeyUsage: use})
		newAuthority(t, "strangers").write(w.dir, "mallory", &x509.Certificate{Subject: pkix.Name{CommonName: "mallory"}, ExtKeyUsage: use})
	}
	w := set(t, s)
	for _, who := range []struct {
		name string
		in   bool
	}{{"alice", true}, {"mallory", false}, {"", false}} {
		for _, site := range []string{"site.example", "other.example"} {
			c := root.trusted()
			c.ServerName = site
			if who.name != "" {
				pair, err := tls.LoadX509KeyPair(filepath.Join(w.dir, who.name+".pem"), filepath.Join(w.dir, who.name+".key"))
				if err != nil {
					t.Fatal(err)
				}
				c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil } // also to who does not ask for it
			}
			for transport, addr := range w.edge {
				conn, err := tls.Dial("tcp", addr, c)
				if err != nil {
					t.Errorf("%s, %q asks for %s: %v", transport, who.name, site, err) // that the client's is refused comes later
					continue
				}
				defer conn.Close()
				if own := conn.ConnectionState().PeerCertificates[0].DNSNames[0]; own != site {
					t.Errorf("%s, %s has the certificate of %s", transport, site, own)
				}
				p := &streamPhone{conn: conn, in: bufio.NewReader(conn), via: strings.ToUpper(transport)}
				if transport == "tls" {
					err = p.serve(w.external)
				} else if _, err = conn.Write([]byte(upgrade)); err == nil {
					_, err = p.in.ReadString('\n')
				}
				if in := err == nil; in != who.in {
					t.Errorf("%s, %q at %s came in: %v, want %v (%v)", transport, who.name, site, in, who.in, err)
				}
			}
		}
	}
}
