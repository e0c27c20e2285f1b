package secure

import (
	"fmt"
	"slices"

	"twinhop/gateway/config/decode"
	"twinhop/gateway/config/form"
)

// TLS makes a listener speak TLS. Its files are PEM, or Java's keystores; a
// Cert holds the server's own certificate first and those that lead to a root
// behind it.
type TLS struct {
	Cert       string     `yaml:"cert"` // served to who asks for no name, or for one that none is for
	Key        string     `yaml:"key"`
	Keystore   Keystore   `yaml:"keystore"`                                // in place of Cert and Key
	More       []KeyPair  `yaml:"more" max:"256"`                          // for other names, or with another kind of key
	ClientCA   string     `yaml:"clientCA"`                                // who signs the certificates of clients
	Truststore Truststore `yaml:"truststore"`                              // in place of ClientCA
	ClientAuth string     `yaml:"clientAuth" oneof:"off optional require"` // empty: off
}

// KeyPair is a certificate and its private key.
type KeyPair struct {
	Cert string `yaml:"cert" required:"true"`
	Key  string `yaml:"key" required:"true"`
}

// On tells whether the listener speaks TLS at all.
func (t *TLS) On() bool { return t.Cert != "" || t.Keystore.File != "" }

// Pairs are all certificates in PEM, the one that is served by default first.
func (t *TLS) Pairs() []KeyPair {
	if t.Cert == "" {
		return t.More
	}
	return slices.Concat([]KeyPair{{t.Cert, t.Key}}, t.More)
}

// Files looks at the files of a listener's certificates. Paths of its problems
// begin below tls ("more[0].key"). nil: nobody looks.
type Files func(*TLS) decode.Problems

// Check complains of the keys of a listener at a path, and of its files, if
// they are given.
func Check(r *decode.Reader, p string, l *TLS, files Files) {
	if !r.Given(p) || r.FailedUnder(p) {
		return
	}
	identity(r, p, KeyPair{l.Cert, l.Key}, &l.Keystore)
	authority(r, p, "clientCA", &l.Truststore)
	asks, verifies := l.ClientAuth != "" && l.ClientAuth != "off", l.ClientCA != "" || l.Truststore.File != ""
	switch {
	case r.FailedUnder(p):
		return
	case !l.On():
		r.Bad(p, "such as: tls: {cert: site.pem, key: site.key}; or remove the key", "is empty: nobody would be served by TLS")
		return
	case asks && !verifies:
		r.Bad(p+".clientAuth", "name the file of those who sign them: clientCA, or truststore", "certificates of clients cannot be verified without clientCA")
	case l.Truststore.File != "" && l.ClientAuth == "":
		r.Bad(p+".truststore", "add clientAuth: require, or optional", "no client is asked for a certificate without clientAuth")
	case l.ClientCA != "" && l.ClientAuth == "":
		r.Bad(p+".clientCA", "add clientAuth: require, or optional", "no client is asked for a certificate without clientAuth")
	}
	seen := map[string]string{l.Cert: p + ".cert"} // an empty one is none
	for i, m := range l.More {
		at := fmt.Sprintf("%s.more[%d].cert", p, i)
		if first, ok := seen[m.Cert]; ok && m.Cert != "" {
			r.Bad(at, "keep one of them", "%s is already used by %s (line %d)", form.Quote(m.Cert), first, r.At(first).Line)
			continue
		}
		seen[m.Cert] = at
	}
	if files != nil && !r.FailedUnder(p) {
		tell(r, p, files(l))
	}
}

// tell says below a path what was found in files.
func tell(r *decode.Reader, p string, found decode.Problems) {
	for _, f := range found {
		path := p
		if f.Path != "" {
			path = p + "." + f.Path
		}
		if f.Severity == decode.Warn {
			r.Warn(path, f.Hint, "%s", f.Message)
		} else {
			r.Bad(path, f.Hint, "%s", f.Message)
		}
	}
}
