package certs

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"

	"twinhop/gateway/config"
)

// Toward says how TLS is spoken with those that we connect to.
type Toward struct {
	Name string                   // as metrics and the log call it
	TLS  config.Toward            // without problems
	File func(name string) string // where a file of the configuration is
}

// Toward reads the files of o. What it returns is asked for each connection:
// the answer is right when files changed and were looked at. Whoever takes it
// copies it and says whom it is for (ServerName).
func (k *Keeper) Toward(o Toward) (func() *tls.Config, error) {
	l := &listener{name: o.Name, toward: &o.TLS}
	if o.TLS.Cert != "" {
		l.pairs = []*pair{{cert: o.File(o.TLS.Cert), key: o.File(o.TLS.Key)}}
	} else if p := pairOf(&o.TLS.Keystore, o.File); p != nil {
		l.pairs = []*pair{p}
	}
	l.ca = poolOf(o.TLS.CA, &o.TLS.Truststore, o.File)
	if err := k.add(l); err != nil {
		return nil, err
	}
	return l.in.Load, nil
}

// client is what is in use toward others.
func (l *listener) client() *tls.Config {
	c := l.base()
	c.ClientSessionCache = tls.NewLRUClientSessionCache(0) // of its own: what is resumed was verified by these files
	for _, p := range l.pairs {
		c.Certificates = append(c.Certificates, p.now...)
	}
	if l.ca != nil {
		c.RootCAs = l.ca.now
	}
	switch roots := c.RootCAs; l.toward.Verify {
	case "none":
		c.InsecureSkipVerify = true
	case "chain":
		c.InsecureSkipVerify = true
		c.VerifyConnection = func(s tls.ConnectionState) error { return verifyChain(s.PeerCertificates, roots) }
	}
	return c
}

// verifyChain tells whether a server's certificates lead to one of the roots,
// whatever they are for; nil roots are those of the system.
func verifyChain(list []*x509.Certificate, roots *x509.CertPool) error {
	if len(list) == 0 {
		return errors.New("no certificate was shown")
	}
	o := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool()}
	for _, c := range list[1:] {
		o.Intermediates.AddCert(c)
	}
	if _, err := list[0].Verify(o); err != nil {
		return &tls.CertificateVerificationError{UnverifiedCertificates: list, Err: fmt.Errorf("certificate of %s: %w", list[0].Subject, err)}
	}
	return nil
}
