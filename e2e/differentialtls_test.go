package e2e

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"path/filepath"
)

// What containers are told of TLS.
func differentialTLS() suite {
	old := func(cipher uint16) func(p *play) {
		return func(p *play) {
			p.tls.MaxVersion, p.tls.CipherSuites = tls.VersionTLS12, []uint16{cipher}
			sends(plain, with("JSESSIONID=A@.n2"))(p)
		}
	}
	return suite{tls: true, trials: []trialOf{
		{name: "TLS 1.3", differs: "no ssl_session", play: func(p *play) {
			p.tls.MinVersion = tls.VersionTLS13
			sends(plain)(p)
		}},
		{name: "TLS 1.2, 128 bits", differs: "names of ciphers", play: old(tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256)},
		{name: "TLS 1.2, 256 bits", differs: "names of ciphers", play: old(tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384)},
		{name: "TLS 1.2, ChaCha20", differs: "names of ciphers", play: old(tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256)},
		{name: "a client's certificate", differs: "no ssl_session", play: func(p *play) {
			p.tls.Certificates = []tls.Certificate{p.person}
			sends(plain, posting(to("/x"), "hello"))(p)
		}},
		{name: "a port in Host", differs: "no ssl_session", play: sends("GET /@/x HTTP/1.1\r\nHost: site.example:8443\r\n\r\n")},
		{name: "set_session_cookie", words: "set_session_cookie=1", differs: "no ssl_session", play: sends(plain)},
	}}
}

// secure prepares TLS for both fronts, and returns what httpd is to be told of it.
func (r *rig) secure() string {
	root := newAuthority(r.t, "root")
	root.write(r.dir, "site", site("site.example"))
	root.write(r.dir, "person", &x509.Certificate{Subject: pkix.Name{CommonName: "Alice"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	put(r.t, filepath.Join(r.dir, "root.pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.cert.Raw}))
	var err error
	if r.person, err = tls.LoadX509KeyPair(filepath.Join(r.dir, "person.pem"), filepath.Join(r.dir, "person.key")); err != nil {
		r.t.Fatal(err)
	}
	r.client = root.trusted()
	r.client.ServerName = "site.example"
	return fmt.Sprintf("LoadModule ssl_module %s/mod_ssl.so\n", modules) +
		"SSLEngine on\nSSLSessionCache none\nSSLSessionTickets off\nSSLCertificateFile site.pem\nSSLCertificateKeyFile site.key\n" +
		"SSLCACertificateFile root.pem\nSSLVerifyClient optional\nSSLOptions +StdEnvVars +ExportCertData\n"
}
