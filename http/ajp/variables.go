package ajp

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// An Attribute is a request attribute of the operator's own [JkEnvVar].
type Attribute struct{ Name, Value string }

// Variables are the names that Settings.Variables may hold.
func Variables() []string { return slices.Sorted(maps.Keys(variables)) }

// variables are what a TLS connection says of itself and of the client's
// certificate, by the names and in the words of Apache's mod_ssl, but for
// ciphers: those have the names of IANA, as everywhere in Java.
var variables = func() map[string]func(*tls.ConnectionState) string {
	all := map[string]func(*tls.ConnectionState) string{
		"HTTPS":                 func(*tls.ConnectionState) string { return "on" },
		"SSL_PROTOCOL":          protocol,
		"SSL_CIPHER":            func(c *tls.ConnectionState) string { return tls.CipherSuiteName(c.CipherSuite) },
		"SSL_CIPHER_USEKEYSIZE": func(c *tls.ConnectionState) string { return strconv.Itoa(keySize(tls.CipherSuiteName(c.CipherSuite))) },
		"SSL_TLS_SNI":           func(c *tls.ConnectionState) string { return c.ServerName },
		"SSL_CLIENT_VERIFY":     verified,
		"SSL_CLIENT_M_SERIAL":   shown(serial),
		"SSL_CLIENT_V_START":    shown(func(c *x509.Certificate) string { return validity(c.NotBefore) }),
		"SSL_CLIENT_V_END":      shown(func(c *x509.Certificate) string { return validity(c.NotAfter) }),
	}
	for part, of := range map[string]func(*pkix.Name) string{
		"":    func(n *pkix.Name) string { return n.String() },
		"_CN": func(n *pkix.Name) string { return n.CommonName },
		"_O":  func(n *pkix.Name) string { return first(n.Organization) },
		"_OU": func(n *pkix.Name) string { return first(n.OrganizationalUnit) },
		"_C":  func(n *pkix.Name) string { return first(n.Country) },
		"_ST": func(n *pkix.Name) string { return first(n.Province) },
		"_L":  func(n *pkix.Name) string { return first(n.Locality) },
	} {
		all["SSL_CLIENT_S_DN"+part] = shown(func(c *x509.Certificate) string { return of(&c.Subject) })
		all["SSL_CLIENT_I_DN"+part] = shown(func(c *x509.Certificate) string { return of(&c.Issuer) })
	}
	return all
}()

func first(of []string) string {
	if len(of) == 0 {
		return ""
	}
	return of[0]
}

// verified tells whether the client showed a certificate that we trust.
func verified(c *tls.ConnectionState) string {
	switch {
	case len(c.PeerCertificates) == 0:
		return "NONE"
	case len(c.VerifiedChains) == 0:
		return "GENEROUS"
	}
	return "SUCCESS"
}

// protocol is the version of TLS in the words of Java and OpenSSL.
func protocol(c *tls.ConnectionState) string {
	return strings.Replace(tls.VersionName(c.Version), "TLS ", "TLSv", 1)
}

// shown looks at the certificate that the client showed, if it did.
func shown(of func(*x509.Certificate) string) func(*tls.ConnectionState) string {
	return func(c *tls.ConnectionState) string {
		if len(c.PeerCertificates) == 0 {
			return ""
		}
		return of(c.PeerCertificates[0])
	}
}

func serial(c *x509.Certificate) string {
	if c.SerialNumber == nil {
		return ""
	}
	s := strings.ToUpper(c.SerialNumber.Text(16))
	if len(s)%2 > 0 {
		return "0" + s
	}
	return s
}

func validity(t time.Time) string { return t.UTC().Format("Jan _2 15:04:05 2006 GMT") }

// appendOwn writes the operator's attributes. Of the variables it leaves out
// those that have no value: without TLS, all.
func (s *Settings) appendOwn(b []byte, c *tls.ConnectionState) []byte {
	for i := range s.Attributes {
		b = appendNamed(b, s.Attributes[i].Name, s.Attributes[i].Value)
	}
	if c == nil {
		return b
	}
	for _, name := range s.Variables {
		if of := variables[name]; of != nil {
			if value := of(c); value != "" {
				b = appendNamed(b, name, value)
			}
		}
	}
	return b
}
