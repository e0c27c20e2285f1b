package certs

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"

	"twinhop/cmd/twinhop/certs/keystore"
	"twinhop/gateway/config/secure"
)

// pairOf is what a keystore has in place of a certificate and its key, and of
// a key's file the one that has the password. nil: there is no keystore.
func pairOf(s *secure.Keystore, file func(string) string) *pair {
	if s.File == "" {
		return nil
	}
	p := &pair{cert: file(s.File), store: s}
	if s.PasswordFile != "" {
		p.key = file(s.PasswordFile)
	}
	return p
}

// poolOf is who signs, by a file of certificates or by a keystore; nil: neither.
func poolOf(ca string, s *secure.Truststore, file func(string) string) *pool {
	switch {
	case ca != "":
		return &pool{file: file(ca)}
	case s.File == "":
		return nil
	}
	p := &pool{file: file(s.File), store: s}
	if s.PasswordFile != "" {
		p.password = file(s.PasswordFile)
	}
	return p
}

// readStore reads a keystore. Its password is the first line of a file, if
// there is one.
func readStore(name, password, passwordFile, alias string) ([]keystore.Entry, *fault) {
	if passwordFile != "" {
		text, f := readFile(passwordFile)
		if f != nil {
			f.inKey = true
			return nil, f
		}
		line, _, _ := strings.Cut(string(text), "\n")
		if password = strings.TrimRight(line, "\r"); password == "" {
			return nil, &fault{inKey: true, message: fmt.Sprintf("the first line of %s is empty", passwordFile), hint: "it is the password"}
		}
	}
	data, f := readFile(name)
	if f != nil {
		if f.hint == "name a PEM file" {
			f.hint = "name a keystore, JKS or PKCS12"
		}
		return nil, f
	}
	all, err := keystore.Read(data, password, alias)
	var e *keystore.Error
	if errors.As(err, &e) {
		return nil, &fault{message: name + ": " + e.Message, hint: e.Hint}
	}
	return all, nil
}

// fromStore reads the certificates of a keystore with their keys, those first that Java would show. Leaf is parsed.
func fromStore(p *pair) ([]tls.Certificate, *fault) {
	all, f := readStore(p.cert, p.store.Password, p.key, p.store.Alias)
	if f != nil {
		return nil, f
	}
	keys := keystore.Keys(all)
	switch {
	case len(keys) == 0 && p.store.Alias != "":
		return nil, &fault{message: fmt.Sprintf("%s has no key %q with a certificate, or none that TLS has a use for", p.cert, p.store.Alias), hint: "keytool -list -keystore FILE shows the names; RSA, EC and Ed25519 are of use"}
	case len(keys) == 0:
		return nil, &fault{message: p.cert + " holds no key with a certificate, or none that TLS has a use for", hint: "keytool -list -keystore FILE must show a PrivateKeyEntry; RSA, EC and Ed25519 are of use, DSA is not"}
	}
	var some []tls.Certificate
	for _, k := range keys {
		public, ok := k.Key.Public().(interface{ Equal(crypto.PublicKey) bool })
		if !ok || !public.Equal(k.Chain[0].PublicKey) {
			return nil, &fault{message: fmt.Sprintf("the key %q in %s is not that of its certificate", k.Alias, p.cert), hint: "import the certificate again: keytool -importcert -alias NAME"}
		}
		c := tls.Certificate{PrivateKey: k.Key, Leaf: k.Chain[0]}
		for _, one := range k.Chain {
			c.Certificate = append(c.Certificate, one.Raw)
		}
		some = append(some, c)
	}
	return some, nil
}

// signers reads those who sign.
func (p *pool) signers() ([]*x509.Certificate, *fault) {
	if p.store == nil {
		chain, _, f := readChain(p.file)
		return chain, f
	}
	all, f := readStore(p.file, p.store.Password, p.password, "")
	if f != nil {
		return nil, f
	}
	some := keystore.Trusted(all)
	if len(some) == 0 {
		return nil, &fault{message: p.file + " holds no certificate that is trusted", hint: "keytool -importcert -alias NAME -file CERT -keystore FILE adds one; what openssl pkcs12 has put in, Java does not trust either"}
	}
	return some, nil
}
