package certs

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"
)

// A fault is why a file cannot be used. It tells of the file, never of what
// is in a key.
type fault struct {
	inKey         bool // the key's file, not the certificate's
	message, hint string
}

func (f *fault) Error() string { return f.message }

// maxFile bounds a file: a long chain takes 20 KiB, the roots of a system 300.
const maxFile = 1 << 20

// readFile reads a file that somebody named.
func readFile(name string) ([]byte, *fault) {
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() { // a pipe would keep whoever opens it
		return nil, &fault{message: fmt.Sprintf("%s is no regular file", name), hint: "name a PEM file"}
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, unread(name, err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	switch {
	case err != nil:
		return nil, unread(name, err)
	case len(text) > maxFile:
		return nil, &fault{message: fmt.Sprintf("%s is larger than %d bytes", name, maxFile), hint: "name a PEM file"}
	}
	return text, nil
}

func unread(name string, err error) *fault {
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	f := &fault{message: fmt.Sprintf("cannot read %s: %v", name, err)}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f.message, f.hint = fmt.Sprintf("there is no file %s", name), "relative names are relative to the directory of this file"
	case errors.Is(err, fs.ErrPermission):
		f.hint = "the user of the gateway needs to read it"
	}
	return f
}

// blocks are the PEM blocks of a text by what they hold.
func blocks(text []byte) (certs, keys []*pem.Block) {
	for {
		var b *pem.Block
		if b, text = pem.Decode(text); b == nil {
			return certs, keys
		}
		switch {
		case b.Type == "CERTIFICATE":
			certs = append(certs, b)
		case strings.HasSuffix(b.Type, "PRIVATE KEY"):
			keys = append(keys, b)
		}
	}
}

// readChain reads the certificates of a file.
func readChain(name string) (chain []*x509.Certificate, text []byte, f *fault) {
	if text, f = readFile(name); f != nil {
		return nil, nil, f
	}
	list, keys := blocks(text)
	for i, b := range list {
		c, err := x509.ParseCertificate(b.Bytes)
		if err != nil {
			return nil, nil, &fault{message: fmt.Sprintf("certificate %d of %s cannot be read: %v", i+1, name, err), hint: "copy it again, or have it made again"}
		}
		chain = append(chain, c)
	}
	if len(chain) > 0 {
		return chain, text, nil
	}
	f = &fault{message: fmt.Sprintf("%s holds no certificate in PEM", name), hint: `it begins with "-----BEGIN CERTIFICATE-----"; openssl x509 -inform der -in FILE converts DER`}
	if len(keys) > 0 {
		f.message, f.hint = fmt.Sprintf("%s holds a private key and no certificate", name), "are cert and key the wrong way round?"
	}
	return nil, nil, f
}

// readPair reads a certificate with its key. Leaf is parsed.
func readPair(cert, key string) (tls.Certificate, *fault) {
	var none tls.Certificate
	chain, certText, f := readChain(cert)
	if f != nil {
		return none, f
	}
	keyText, f := readFile(key)
	if f != nil {
		f.inKey = true
		return none, f
	}
	list, keys := blocks(keyText)
	bad := func(message, hint string) (tls.Certificate, *fault) {
		return none, &fault{inKey: true, message: fmt.Sprintf(message, key), hint: hint}
	}
	switch {
	case len(keys) == 0 && len(list) > 0:
		return bad("%s holds a certificate and no private key", "are cert and key the wrong way round?")
	case len(keys) == 0:
		return bad("%s holds no private key in PEM", `it begins with "-----BEGIN PRIVATE KEY-----" or similar`)
	case keys[0].Type == "ENCRYPTED PRIVATE KEY" || keys[0].Headers["DEK-Info"] != "":
		return bad("the key in %s needs a passphrase, which nobody can type at a restart", "openssl pkey -in FILE -out NEWFILE takes it away; chmod 600 the new file")
	}
	pair, err := tls.X509KeyPair(certText, keyText)
	if err == nil {
		return pair, nil
	}
	for i, c := range chain[1:] { // of which of the certificates is it the key?
		if _, err := tls.X509KeyPair(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}), keyText); err == nil {
			return none, &fault{message: fmt.Sprintf("%s has the server's certificate at place %d", cert, i+2), hint: "put it first, and those that lead to a root behind it"}
		}
	}
	if strings.Contains(err.Error(), "does not match") { // its type or its value
		return bad("%s is not the key of the certificate", "openssl x509 -noout -pubkey -in CERT and openssl pkey -pubout -in KEY must print the same")
	}
	return bad("the key in %s cannot be used", strings.TrimPrefix(err.Error(), "tls: "))
}

// soon is how long before the end of a certificate is complained of: what
// renews certificates by itself does so earlier.
const soon = 14 * 24 * time.Hour

// doubts are what is wrong with certificates that can be used.
func doubts(name string, chain []*x509.Certificate, now time.Time) []fault {
	var all []fault
	for i, c := range chain {
		what := name
		if i > 0 {
			what = fmt.Sprintf("certificate %d of %s", i+1, name)
		}
		switch left := c.NotAfter.Sub(now); {
		case now.Before(c.NotBefore):
			all = append(all, fault{message: fmt.Sprintf("%s is not valid before %s", what, day(c.NotBefore)), hint: "clients refuse it until then; is the clock right?"})
		case left <= 0:
			all = append(all, fault{message: fmt.Sprintf("%s has expired on %s", what, day(c.NotAfter)), hint: "clients refuse it; renew it"})
		case left < soon:
			all = append(all, fault{message: fmt.Sprintf("%s expires on %s", what, day(c.NotAfter)), hint: "renew it; a new file is noticed within a minute"})
		}
		if i+1 < len(chain) && !bytes.Equal(c.RawIssuer, chain[i+1].RawSubject) {
			all = append(all, fault{message: fmt.Sprintf("certificate %d of %s has not signed the one before it", i+2, name), hint: "each is followed by the one that signed it"})
		}
	}
	return all
}

// nameless is what is wrong with a server's certificate that is for no host.
func nameless(name string, leaf *x509.Certificate) []fault {
	if len(leaf.DNSNames)+len(leaf.IPAddresses) > 0 {
		return nil
	}
	return []fault{{message: fmt.Sprintf("%s names no host (subject alternative name)", name), hint: "clients do not look at the common name; have it made with DNS:name"}}
}

func day(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 MST") }

// openToAll tells whether others than owner and group can read a key, or
// others than the owner write it. Keys for a group (ssl-cert) are usual.
func openToAll(key string) (mode fs.FileMode, open bool) {
	info, err := os.Stat(key)
	if err != nil {
		return 0, false
	}
	return info.Mode().Perm(), info.Mode().Perm()&0o027 != 0
}

// A stamp tells whether files changed.
type stamp []fs.FileInfo

// stampOf looks at files without reading them. One that cannot be looked at
// is nil.
func stampOf(names ...string) stamp {
	s := make(stamp, len(names))
	for i, n := range names {
		s[i], _ = os.Stat(n)
	}
	return s
}

func (s stamp) same(o stamp) bool {
	for i := range s {
		a, b := s[i], o[i]
		if a == nil || b == nil {
			if a != b {
				return false
			}
			continue
		}
		if !a.ModTime().Equal(b.ModTime()) || a.Size() != b.Size() || !os.SameFile(a, b) {
			return false
		}
	}
	return true
}
