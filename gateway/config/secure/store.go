package secure

import (
	"twinhop/gateway/config/decode"
)

// Keystore is a Java keystore, JKS or PKCS #12, in place of a certificate and its key.
type Keystore struct {
	File         string `yaml:"file" required:"true"`
	Password     string `yaml:"password" form:"password"` // of the keystore and of its keys
	PasswordFile string `yaml:"passwordFile"`             // its first line is the password
	Alias        string `yaml:"alias"`                    // of the key; empty: all keys, first the one that Java would take
}

// Truststore is a Java keystore whose certificates are believed, in place of a
// file of them.
type Truststore struct {
	File         string `yaml:"file" required:"true"`
	Password     string `yaml:"password" form:"password"` // empty: a JKS is believed without looking whether it was changed
	PasswordFile string `yaml:"passwordFile"`
}

// identity complains of what says which certificate we show.
func identity(r *decode.Reader, p string, own KeyPair, k *Keystore) {
	switch {
	case k.File != "" && own != KeyPair{}:
		r.Bad(p+".keystore", "keep keystore, or cert and key", "cert and key are set as well")
	case own.Cert != "" && own.Key == "":
		r.Bad(p+".cert", "add key:, the file of its private key", "a certificate is of no use without its key")
	case own.Key != "" && own.Cert == "":
		r.Bad(p+".key", "add cert:, the file of its certificate", "a key is of no use without its certificate")
	case k.File != "" && k.Password == "" && k.PasswordFile == "":
		r.Bad(p+".keystore", "add password:, or passwordFile:, a file that only the gateway can read", "a key in a keystore cannot be read without the password")
	case k.Password != "" && k.PasswordFile != "":
		r.Bad(p+".keystore.passwordFile", "keep password or passwordFile", "password is set as well")
	}
}

// authority complains of what says whom we believe. pem is the key of what
// would stand in its place.
func authority(r *decode.Reader, p, pem string, t *Truststore) {
	switch {
	case t.File != "" && r.Given(p+"."+pem):
		r.Bad(p+".truststore", "keep truststore or "+pem, "%s is set as well", pem)
	case t.Password != "" && t.PasswordFile != "":
		r.Bad(p+".truststore.passwordFile", "keep password or passwordFile", "password is set as well")
	}
}
