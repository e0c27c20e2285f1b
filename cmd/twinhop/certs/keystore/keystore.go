package keystore

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"fmt"
	"strings"
)

const (
	maxEntries = 4096
	maxChain   = 32
	maxAlias   = 1024 // bytes; longer ones are no name that somebody gave
)

// Entry is a private key with the certificates that belong to it, or one certificate that is trusted.
type Entry struct {
	Alias string              // in lower case, as Java has it
	Key   crypto.Signer       // nil: the certificate is trusted
	Chain []*x509.Certificate // the own certificate first
}

// Error says why a keystore cannot be used. It tells of the file, never of what is in a key.
type Error struct{ Message, Hint string }

func (e *Error) Error() string { return e.Message }

func fail(hint, message string, args ...any) *Error {
	return &Error{fmt.Sprintf(message, args...), hint}
}

const (
	whole     = "copy it again, or have it made again: keytool -list -keystore FILE must read it"
	toPKCS12  = "keytool -importkeystore -srckeystore FILE -destkeystore NEWFILE -deststoretype PKCS12 makes one of it that can"
	another   = "keytool -list -keystore FILE asks for the same password"
	ownSecret = "keytool -keypasswd -alias NAME -keystore FILE makes it the same, as Java's key managers want it"
)

// wrong is said of a password. An empty one is none.
func wrong(password string) *Error {
	if password == "" {
		return fail("say it: password, or passwordFile", "needs a password")
	}
	return fail(another, "the password is wrong, or the file is damaged")
}

// Read reads what a keystore holds, in the order of Java. An empty password opens a JKS without looking whether somebody changed
// it, and a PKCS #12 that is not encrypted; keys need one. alias is the key that is decrypted, and returned with the
// certificates that are trusted; empty: all are. An error is an *Error.
func Read(data []byte, password, alias string) ([]Entry, error) {
	var all []Entry
	var err *Error
	switch {
	case bytes.HasPrefix(data, []byte{0xfe, 0xed, 0xfe, 0xed}):
		all, err = readJKS(data, password, strings.ToLower(alias))
	case bytes.HasPrefix(data, []byte{0xce, 0xce, 0xce, 0xce}):
		err = fail(toPKCS12, "is a JCEKS keystore: JKS and PKCS12 are read")
	case bytes.HasPrefix(data, []byte("-----BEGIN")):
		err = fail("name it as cert and key, or as clientCA", "is PEM, no keystore")
	case len(data) > 1 && data[0] == 0x30:
		all, err = readPKCS12(data, password, strings.ToLower(alias))
	default:
		err = fail(toPKCS12, "is no keystore: JKS and PKCS12 are read")
	}
	if err != nil {
		return nil, err
	}
	return all, nil
}

// Keys are the entries that can serve, the one first that Java's default key manager takes. Those without a certificate
// are left out, as Java does.
func Keys(all []Entry) []Entry {
	var some []Entry
	for _, e := range all {
		if e.Key != nil && len(e.Chain) > 0 {
			some = append(some, e)
		}
	}
	return inJavasOrder(some)
}

// Trusted are the certificates that Java's trust manager believes: those that are trusted, and the own ones of keys.
func Trusted(all []Entry) []*x509.Certificate {
	var some []*x509.Certificate
	for _, e := range all {
		if len(e.Chain) > 0 {
			some = append(some, e.Chain[0])
		}
	}
	return some
}

// parseKey reads a key that was decrypted. Kinds that TLS has no use for are nil, as Java's key managers pass over them.
func parseKey(alias string, der []byte) (crypto.Signer, *Error) {
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		if strings.Contains(err.Error(), "unknown algorithm") {
			return nil, nil
		}
		return nil, fail(whole, "the key %s cannot be read: %v", short(alias), err)
	}
	signer, _ := key.(crypto.Signer)
	return signer, nil
}

// short is a name for a message.
func short(alias string) string {
	if len(alias) > 64 {
		alias = alias[:64] + "..."
	}
	return fmt.Sprintf("%q", alias)
}
