package keystore

import (
	"crypto/sha1"
	"crypto/subtle"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"strings"
	"unicode/utf16"
)

// jks reads the format of Sun, whose numbers are big-endian. What is asked of it beyond the end is an error that stays.
type jks struct {
	rest []byte
	bad  bool
}

func (j *jks) take(n int) []byte {
	if j.bad = j.bad || n > len(j.rest); j.bad {
		return nil
	}
	b := j.rest[:n]
	j.rest = j.rest[n:]
	return b
}

func (j *jks) number() int {
	b := j.take(4)
	if j.bad {
		return 0
	}
	if n := binary.BigEndian.Uint32(b); n < 1<<31 {
		return int(n)
	}
	j.bad = true
	return 0
}

// text reads a string. Java's encoding differs from UTF-8 in characters that nobody has in a name.
func (j *jks) text() string {
	b := j.take(2)
	if j.bad {
		return ""
	}
	return string(j.take(int(binary.BigEndian.Uint16(b))))
}

// certificate reads one; version 1 has X.509 alone.
func (j *jks) certificate(version int) (*x509.Certificate, *Error) {
	if version == 2 {
		if kind := j.text(); !j.bad && kind != "X.509" && kind != "X509" {
			return nil, fail(toPKCS12, "holds a certificate that is not X.509")
		}
	}
	der := j.take(j.number())
	if j.bad {
		return nil, fail(whole, "is cut or damaged")
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fail("have it made again, or take it out: keytool -delete", "holds a certificate that cannot be read: %v", err)
	}
	return c, nil
}

// readJKS reads a whole one. The names are in lower case already.
func readJKS(data []byte, password, alias string) ([]Entry, *Error) {
	body := data[:max(len(data)-sha1.Size, 4)]
	if password != "" {
		sum := sha1.New()
		sum.Write(utf16be(password))
		sum.Write([]byte("Mighty Aphrodite"))
		sum.Write(body)
		if subtle.ConstantTimeCompare(sum.Sum(nil), data[len(body):]) != 1 {
			return nil, wrong(password)
		}
	}
	j := &jks{rest: body[4:]}
	version, count := j.number(), j.number()
	switch {
	case j.bad || count < 0:
		return nil, fail(whole, "is cut or damaged")
	case version != 1 && version != 2:
		return nil, fail(toPKCS12, "is a keystore of version %d: 1 and 2 are read", version)
	case count > maxEntries:
		return nil, fail("keep those that are needed in one of its own", "holds more than %d entries", maxEntries)
	}
	var all []Entry
	for range count {
		e, err := j.entry(version, password, alias)
		if err != nil {
			return nil, err
		}
		if e != nil {
			all = append(all, *e)
		}
	}
	if len(j.rest) > 0 {
		return nil, fail(whole, "has more than it says: it is damaged")
	}
	return asListed(all), nil
}

// entry reads one; nil: a key that is not wanted.
func (j *jks) entry(version int, password, alias string) (*Entry, *Error) {
	kind := j.number()
	e := &Entry{Alias: strings.ToLower(j.text())}
	j.take(8) // when it was made
	switch {
	case j.bad || kind != 1 && kind != 2 || len(e.Alias) > maxAlias:
		return nil, fail(whole, "is cut or damaged")
	case kind == 2:
		c, err := j.certificate(version)
		e.Chain = []*x509.Certificate{c}
		return e, err
	}
	sealed := j.take(j.number())
	certs := j.number()
	if j.bad || certs > maxChain {
		return nil, fail(whole, "is cut or damaged, or the key %s has more than %d certificates", short(e.Alias), maxChain)
	}
	for range certs {
		c, err := j.certificate(version)
		if err != nil {
			return nil, err
		}
		e.Chain = append(e.Chain, c)
	}
	if alias != "" && alias != e.Alias {
		return nil, nil
	}
	der, err := unsealed(e.Alias, sealed, password)
	if err != nil {
		return nil, err
	}
	e.Key, err = parseKey(e.Alias, der)
	return e, err
}

var sunProtector = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 42, 2, 17, 1, 1}

// unsealed decrypts a key: a salt, the key exclusive-ored with a chain of hashes, and a hash of all.
func unsealed(alias string, sealed []byte, password string) ([]byte, *Error) {
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Data      []byte
	}
	rest, err := asn1.Unmarshal(sealed, &info)
	switch {
	case err != nil || len(rest) > 0 || len(info.Data) < 2*sha1.Size:
		return nil, fail(whole, "the key %s is damaged", short(alias))
	case !info.Algorithm.Algorithm.Equal(sunProtector):
		return nil, fail(toPKCS12, "the key %s is encrypted by a method that is not known", short(alias))
	case password == "":
		return nil, wrong(password)
	}
	secret := utf16be(password)
	n := len(info.Data) - sha1.Size
	digest, key := info.Data[:sha1.Size], append([]byte{}, info.Data[sha1.Size:n]...)
	for i := range key {
		if i%sha1.Size == 0 {
			sum := sha1.Sum(append(secret[:len(secret):len(secret)], digest...))
			digest = sum[:]
		}
		key[i] ^= digest[i%sha1.Size]
	}
	sum := sha1.Sum(append(secret, key...))
	if subtle.ConstantTimeCompare(sum[:], info.Data[n:]) != 1 {
		return nil, fail(ownSecret, "the key %s has another password than the keystore", short(alias))
	}
	return key, nil
}

// utf16be is a text as Java has it in memory.
func utf16be(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.BigEndian.AppendUint16(b, u)
	}
	return b
}
