package keystore

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
)

// What RFC 7292 has.
type (
	pfx struct {
		Version int
		Content content
		Mac     macData `asn1:"optional"`
	}
	content struct {
		Kind  asn1.ObjectIdentifier
		Value asn1.RawValue `asn1:"tag:0,explicit,optional"`
	}
	macData struct {
		Mac struct {
			Algorithm pkix.AlgorithmIdentifier
			Digest    []byte
		}
		Salt   []byte
		Rounds int `asn1:"optional,default:1"`
	}
	encrypted struct {
		Version int
		Content struct {
			Kind  asn1.ObjectIdentifier
			How   pkix.AlgorithmIdentifier
			Value []byte `asn1:"tag:0,optional"`
		}
	}
	bag struct {
		Kind       asn1.ObjectIdentifier
		Value      asn1.RawValue `asn1:"tag:0,explicit"`
		Attributes []attribute   `asn1:"set,optional"`
	}
	attribute struct {
		Kind  asn1.ObjectIdentifier
		Value asn1.RawValue `asn1:"set"`
	}
)

var (
	oidData, oidEncrypted             = oid(1, 2, 840, 113549, 1, 7, 1), oid(1, 2, 840, 113549, 1, 7, 6)
	oidKey, oidSealedKey, oidCert     = oid(1, 2, 840, 113549, 1, 12, 10, 1, 1), oid(1, 2, 840, 113549, 1, 12, 10, 1, 2), oid(1, 2, 840, 113549, 1, 12, 10, 1, 3)
	oidX509, oidName, oidID, oidTrust = oid(1, 2, 840, 113549, 1, 9, 22, 1), oid(1, 2, 840, 113549, 1, 9, 20), oid(1, 2, 840, 113549, 1, 9, 21), oid(2, 16, 840, 1, 113894, 746875, 1, 1)
)

// safe is what came out of a file.
type safe struct {
	locksmith
	right bool   // the password is: it opened something
	alias string // of the key that is wanted
	keys  []lockedKey
	certs []held
	names int // given to those that have none
}

type lockedKey struct {
	alias  string
	id     []byte
	sealed bag
}

type held struct {
	*x509.Certificate
	alias   string
	id      []byte
	trusted bool
}

// readPKCS12 reads a whole one. The names are in lower case already.
func readPKCS12(data []byte, password, alias string) ([]Entry, *Error) {
	s := &safe{locksmith: locksmith{password: password}, alias: alias}
	var p pfx
	var text []byte
	var parts []content
	damaged := fail(whole+"; openssl pkcs12 -in FILE -nodes | openssl pkcs12 -export -out NEWFILE makes DER of BER", "is no PKCS12 in DER, or cut or damaged")
	switch {
	case !only(data, &p):
		return nil, damaged
	case p.Version != 3 || !p.Content.Kind.Equal(oidData):
		return nil, fail(toPKCS12, "is a PKCS12 that no password opens, or of another version than 3")
	case !only(p.Content.Value.Bytes, &text):
		return nil, damaged
	}
	if len(p.Mac.Mac.Algorithm.Algorithm) > 0 && password != "" {
		if err := s.genuine(p.Mac, text); err != nil {
			return nil, err
		}
		s.right = true
	}
	if !only(text, &parts) {
		return nil, damaged
	}
	for _, c := range parts {
		if err := s.part(c); err != nil {
			return nil, err
		}
	}
	return s.entries()
}

// part reads the bags of one part.
func (s *safe) part(c content) *Error {
	var text []byte
	var e encrypted
	switch {
	case c.Kind.Equal(oidData) && only(c.Value.Bytes, &text):
	case c.Kind.Equal(oidEncrypted) && only(c.Value.Bytes, &e):
		var err *Error
		if text, err = s.open(e.Content.How, e.Content.Value); err != nil {
			return err
		}
	default:
		return fail(whole, "is cut or damaged, or encrypted for somebody with a key")
	}
	var bags []bag
	if !only(text, &bags) {
		return fail(whole, "is cut or damaged")
	}
	if len(bags)+len(s.keys)+len(s.certs) > maxEntries {
		return fail("keep those that are needed in one of its own", "holds more than %d entries", maxEntries)
	}
	for _, b := range bags {
		if err := s.bag(b); err != nil {
			return err
		}
	}
	return nil
}

// bag takes a key or a certificate; others are of no use.
func (s *safe) bag(b bag) *Error {
	name, id, trusted := b.told()
	switch {
	case b.Kind.Equal(oidKey) || b.Kind.Equal(oidSealedKey):
		if name == "" { // as Java calls it
			s.names++
			name = strconv.Itoa(s.names)
		}
		s.keys = append(s.keys, lockedKey{name, id, b})
	case b.Kind.Equal(oidCert):
		var v struct {
			Kind asn1.ObjectIdentifier
			DER  []byte `asn1:"tag:0,explicit"`
		}
		if !only(b.Value.Bytes, &v) || !v.Kind.Equal(oidX509) {
			return fail(toPKCS12, "holds a certificate that is not X.509")
		}
		c, err := x509.ParseCertificate(v.DER)
		if err != nil {
			return fail("have it made again, or take it out: keytool -delete", "holds a certificate that cannot be read: %v", err)
		}
		s.certs = append(s.certs, held{c, name, id, trusted})
	}
	return nil
}

// told is what the attributes say.
func (b *bag) told() (name string, id []byte, trusted bool) {
	for _, a := range b.Attributes {
		switch {
		case a.Kind.Equal(oidName):
			var v asn1.RawValue
			if only(a.Value.Bytes, &v) && v.Tag == asn1.TagBMPString && len(v.Bytes) <= maxAlias {
				var units []uint16
				for i := 0; i+1 < len(v.Bytes); i += 2 {
					units = append(units, binary.BigEndian.Uint16(v.Bytes[i:]))
				}
				name = strings.ToLower(string(utf16.Decode(units)))
			}
		case a.Kind.Equal(oidID):
			only(a.Value.Bytes, &id)
		case a.Kind.Equal(oidTrust):
			trusted = true
		}
	}
	return name, id, trusted
}

// entries puts keys and certificates together.
func (s *safe) entries() (all []Entry, err *Error) {
	for _, k := range s.keys {
		if s.alias != "" && s.alias != k.alias {
			continue
		}
		e := Entry{Alias: k.alias}
		if e.Key, err = s.key(k); err != nil {
			return nil, err
		}
		if e.Key != nil {
			e.Chain = s.chain(k.id, e.Key)
		}
		all = append(all, e)
	}
	for _, c := range s.certs {
		if c.trusted {
			all = append(all, Entry{Alias: c.alias, Chain: []*x509.Certificate{c.Certificate}})
		}
	}
	return all, nil
}

// key decrypts one.
func (s *safe) key(k lockedKey) (crypto.Signer, *Error) {
	if k.sealed.Kind.Equal(oidKey) {
		return parseKey(k.alias, k.sealed.Value.Bytes)
	}
	var v struct {
		How    pkix.AlgorithmIdentifier
		Sealed []byte
	}
	if !only(k.sealed.Value.Bytes, &v) {
		return nil, fail(whole, "the key %s is damaged", short(k.alias))
	}
	der, err := s.open(v.How, v.Sealed)
	if err != nil {
		if *err == *wrong(s.password) && s.right {
			err = fail(ownSecret, "the key %s has another password than the keystore", short(k.alias))
		}
		return nil, err
	}
	return parseKey(k.alias, der)
}

// chain is the certificate of a key, which has its mark or else is for it, and those that signed it, by their names.
func (s *safe) chain(id []byte, key crypto.Signer) (chain []*x509.Certificate) {
	public, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok {
		return nil
	}
	own := func(c held) bool { return public.Equal(c.PublicKey) }
	i := slices.IndexFunc(s.certs, func(c held) bool { return own(c) && len(id) > 0 && bytes.Equal(c.id, id) })
	if i < 0 {
		i = slices.IndexFunc(s.certs, own)
	}
	for i >= 0 && len(chain) < maxChain {
		c := s.certs[i].Certificate
		chain = append(chain, c)
		i = slices.IndexFunc(s.certs, func(o held) bool {
			return bytes.Equal(o.RawSubject, c.RawIssuer) && !slices.ContainsFunc(chain, o.Certificate.Equal)
		})
		if bytes.Equal(c.RawIssuer, c.RawSubject) {
			break
		}
	}
	return chain
}
