package secure

import (
	"twinhop/gateway/config/decode"
)

// Toward is how TLS is spoken with those that we connect to.
type Toward struct {
	CA         string     `yaml:"ca"`         // who signs their certificates; empty: those that the system trusts
	Truststore Truststore `yaml:"truststore"` // in place of CA
	Cert       string     `yaml:"cert"`       // our own, for those who ask for one; empty: none
	Key        string     `yaml:"key"`
	Keystore   Keystore   `yaml:"keystore"` // in place of Cert and Key
	// Verify is how far we believe: full, that the certificate is for the name we
	// connect to and signed by who we trust; chain, that it is signed so; none.
	Verify string `yaml:"verify" oneof:"full chain none"`
}

// TowardFiles looks at the files of a Toward, as Files does at those of a
// listener.
type TowardFiles func(*Toward) decode.Problems

// CheckToward complains of the keys at a path, and of their files.
func CheckToward(r *decode.Reader, p string, t *Toward, files TowardFiles) {
	if !r.Given(p) || r.FailedUnder(p) {
		return
	}
	identity(r, p, KeyPair{t.Cert, t.Key}, &t.Keystore)
	authority(r, p, "ca", &t.Truststore)
	switch {
	case t.Verify == "none" && t.CA != "":
		r.Warn(p+".ca", "write verify: full, or remove ca", "has no effect with verify: none")
	case t.Verify == "none" && t.Truststore.File != "":
		r.Warn(p+".truststore", "write verify: full, or remove truststore", "has no effect with verify: none")
	case t.Verify == "none":
		r.Warn(p+".verify", "name who signs their certificates: ca: nodes-ca.pem", "certificates are not verified: whoever stands in between can read and change calls")
	case t.Verify == "chain" && t.CA == "" && t.Truststore.File == "":
		r.Warn(p+".verify", "name who signs their certificates: ca: nodes-ca.pem", "whoever has a certificate of a public authority can stand in for a node")
	}
	if files != nil && !r.FailedUnder(p) {
		tell(r, p, files(t))
	}
}
