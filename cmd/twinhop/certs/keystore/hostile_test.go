package keystore

import (
	"crypto/sha1"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"testing"
)

// stores are keystores of one key, lb, whose password is secret.
func stores(t testing.TB) map[string][]byte {
	all := map[string][]byte{}
	names, err := filepath.Glob("testdata/*.*")
	if err != nil || len(names) == 0 {
		t.Fatal(err)
	}
	for _, n := range names {
		all[filepath.Base(n)] = bytesOf(t, n)
	}
	return all
}

// signed is a JKS with the hash that its content needs.
func signed(body []byte) []byte {
	sum := sha1.Sum(append(append(utf16be(secret), "Mighty Aphrodite"...), body...))
	return append(body[:len(body):len(body)], sum[:]...)
}

// A keystore that is cut anywhere is an error that says so.
func TestCut(t *testing.T) {
	t.Parallel()
	for name, data := range stores(t) {
		if keys := Keys(must(t, data)); len(keys) != 1 || keys[0].Alias != "lb" {
			t.Errorf("%s: %+v", name, keys)
		}
		for n := range data {
			all, err := Read(data[:n], secret, "")
			var e *Error
			if !errors.As(err, &e) || e.Message == "" || e.Hint == "" {
				t.Fatalf("%s cut after %d of %d bytes: %v, %v", name, n, len(data), all, err)
			}
		}
	}
	jks := stores(t)["one.jks"]
	for n := 4; n < len(jks)-sha1.Size; n++ { // by somebody who knows the password
		refused(t, signed(jks[:n]), secret, "", "")
	}
}

func must(t *testing.T, data []byte) []Entry {
	t.Helper()
	all, err := Read(data, secret, "")
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// What says that it is longer than it is, or asks for work without end, is refused before anything is set aside or done.
func TestHugeClaims(t *testing.T) {
	t.Parallel()
	head := []byte{0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2}
	number := func(b []byte, n uint32) []byte { return binary.BigEndian.AppendUint32(b, n) }
	entry := append(append(number(number(head, 1), 1), 0, 1, 'a'), make([]byte, 8)...)
	for name, body := range map[string][]byte{
		"entries":             number(head, math.MaxUint32),
		"entries, positive":   number(head, 1<<30),
		"key":                 number(entry, math.MaxUint32),
		"key, positive":       number(entry, 1<<30),
		"chain":               number(number(entry, 0), math.MaxInt32),
		"another version":     number(append([]byte{}, 0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 3), 0),
		"more than it says":   append(number(head, 0), 1),
		"another kind":        append(number(number(head, 1), 9), make([]byte, 64)...),
		"key of no structure": append(number(entry, 4), 1, 2, 3, 4, 0, 0, 0, 0),
	} {
		if all, err := Read(signed(body), secret, ""); err == nil || err.(*Error).Hint == "" {
			t.Errorf("%s: %v", name, all)
		}
	}
	for _, rounds := range []int{0, -1, maxRounds + 1, math.MaxInt64, math.MaxInt64/2 + 2} {
		refused(t, file12(t, macRounds(rounds), nil), secret, "", says(rounds))
		for _, method := range []asn1.ObjectIdentifier{oid(1, 2, 840, 113549, 1, 12, 1, 3), oid(1, 2, 840, 113549, 1, 12, 1, 6)} {
			refused(t, file12(t, nil, &pkix.AlgorithmIdentifier{Algorithm: method, Parameters: raw(t, struct {
				Salt   []byte
				Rounds int
			}{[]byte("salt"), rounds})}), secret, "", says(rounds))
		}
		kdf := pkix.AlgorithmIdentifier{Algorithm: oidPBKDF2, Parameters: raw(t, struct {
			Salt   []byte
			Rounds int
		}{[]byte("salt"), rounds})}
		aes := pkix.AlgorithmIdentifier{Algorithm: oid(2, 16, 840, 1, 101, 3, 4, 1, 42), Parameters: raw(t, make([]byte, 16))}
		refused(t, file12(t, nil, &pkix.AlgorithmIdentifier{Algorithm: oidPBES2, Parameters: raw(t, struct{ A, B pkix.AlgorithmIdentifier }{kdf, aes})}), secret, "", says(rounds))
	}
}

func says(rounds int) string {
	if rounds < 1 {
		return "damaged"
	}
	return "rounds of hashing"
}

func macRounds(n int) *macData {
	m := &macData{Salt: []byte("salt"), Rounds: n}
	m.Mac.Algorithm.Algorithm, m.Mac.Digest = oidSHA1, make([]byte, sha1.Size)
	return m
}

func der(t *testing.T, v any) []byte {
	t.Helper()
	b, err := asn1.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func raw(t *testing.T, v any) asn1.RawValue {
	t.Helper()
	return asn1.RawValue{FullBytes: der(t, v)}
}

// file12 makes a PKCS #12 with one part that is encrypted in some way.
func file12(t *testing.T, mac *macData, how *pkix.AlgorithmIdentifier) []byte {
	t.Helper()
	var parts []content
	within := func(v any) asn1.RawValue {
		return asn1.RawValue{Class: 2, Tag: 0, IsCompound: true, Bytes: der(t, v)}
	}
	if how != nil {
		var e encrypted
		e.Content.Kind, e.Content.How, e.Content.Value = oidData, *how, make([]byte, 64)
		parts = append(parts, content{oidEncrypted, within(e)})
	}
	type plain struct {
		Version int
		Content content
	}
	body := plain{3, content{oidData, within(der(t, parts))}}
	if mac == nil {
		return der(t, body)
	}
	return der(t, struct {
		Version int
		Content content
		Mac     macData
	}{3, body.Content, *mac})
}

// A key without a certificate cannot serve, and Java passes over it, too.
func TestKeyWithoutChain(t *testing.T) {
	t.Parallel()
	jks := stores(t)["one.jks"]
	const length = 28 // of the key, behind its name and its time
	end := length + 4 + int(binary.BigEndian.Uint32(jks[length:]))
	all := must(t, signed(append(jks[:end:end], 0, 0, 0, 0)))
	if len(all) != 1 || all[0].Key == nil || len(Keys(all)) > 0 || len(Trusted(all)) > 0 {
		t.Errorf("%+v", all)
	}
}

// What is no keystore is told what it is, if that can be seen.
func TestNoKeystore(t *testing.T) {
	t.Parallel()
	for says, data := range map[string]string{
		"is PEM": "-----BEGIN CERTIFICATE-----\n", "is a JCEKS": "\xce\xce\xce\xce\x00\x00\x00\x02", "is no keystore": "hello",
		"is no keystore: JKS": "", "is no PKCS12": "\x30\x80\x02\x01\x03",
	} {
		refused(t, []byte(data), secret, "", says)
	}
	for _, data := range stores(t) {
		refused(t, data, "changeme", "", "password is wrong")
	}
	if got := fmt.Sprint(wrong("x")); got == fmt.Sprint(wrong("")) {
		t.Error(got)
	}
}

// Whatever stands in a file, it is read or refused. The hash of a JKS is made right, and a PKCS #12 without one is among
// the seeds, for most of what is changed would not be looked at otherwise.
func FuzzRead(f *testing.F) {
	for _, data := range stores(f) {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<16 {
			return
		}
		tried := [][]byte{data}
		if len(data) > sha1.Size+4 && data[0] == 0xfe {
			tried = append(tried, signed(data[:len(data)-sha1.Size]))
		}
		for _, data := range tried {
			all, err := Read(data, secret, "")
			var e *Error
			if err != nil && (!errors.As(err, &e) || e.Message == "" || e.Hint == "") {
				t.Errorf("%#v", err)
			}
			Trusted(all)
			for _, k := range Keys(all) {
				if k.Key == nil || len(k.Chain) == 0 || k.Chain[0] == nil {
					t.Errorf("%+v", k)
				}
			}
		}
	})
}
