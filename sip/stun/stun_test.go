package stun

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"testing"

	"pgregory.net/rapid"
)

// bytesOf reads hexadecimal digits with blanks.
func bytesOf(s string) []byte {
	b, err := hex.DecodeString(string(bytes.ReplaceAll([]byte(s), []byte(" "), nil)))
	if err != nil {
		panic(err)
	}
	return b
}

const (
	magic = "2112a442"
	id    = "b7e7a701bc34d686fa87dfae" // the transaction of RFC 5769
)

// The mapped addresses are those of the samples of RFC 5769, sections 2.2 and 2.3.
func TestAnswers(t *testing.T) {
	for _, c := range []struct{ name, in, from, want string }{
		{"IPv4", "0001 0000" + magic + id, "192.0.2.1:32853", "0101 000c" + magic + id + "0020 0008 0001 a147 e112a643"},
		{"IPv6", "0001 0000" + magic + id, "[2001:db8:1234:5678:11:2233:4455:6677]:32853",
			"0101 0018" + magic + id + "0020 0014 0002 a147 0113a9fa a5d3f179 bc25f4b5 bed2b9d9"},
		{"what may be passed over", "0001 000c" + magic + id + "8022 0005 6162636465 000000", "192.0.2.1:32853",
			"0101 000c" + magic + id + "0020 0008 0001 a147 e112a643"},
		{"a fingerprint", "0001 0008" + magic + id + "8028 0004 01020304", "192.0.2.1:32853", "0101 000c" + magic + id + "0020 0008 0001 a147 e112a643"},
		{"credentials", "0001 0008" + magic + id + "0006 0003 616263 00", "192.0.2.1:32853",
			"0111 0010" + magic + id + "0009 0004 0000 0414 000a 0002 0006 0000"},
	} {
		got, ok := Answer([]byte("x"), bytesOf(c.in), netip.MustParseAddrPort(c.from))
		if want := append([]byte("x"), bytesOf(c.want)...); !ok || !bytes.Equal(got, want) {
			t.Errorf("%s: %x %v\nwant %x", c.name, got, ok, want)
		}
	}
}

func TestNoAnswer(t *testing.T) {
	for name, in := range map[string]string{
		"nothing":                     "",
		"an answer":                   "0101 0000" + magic + id,
		"an indication":               "0011 0000" + magic + id,
		"another method":              "0003 0000" + magic + id,
		"of RFC 3489, without cookie": "0001 0000 00000000" + id,
		"cut":                         "0001 0000" + magic + id[:22],
		"more than it says":           "0001 0000" + magic + id + "80220000",
		"less than it says":           "0001 0008" + magic + id + "80220000",
		"an attribute that is cut":    "0001 0004" + magic + id + "80220008",
		"something behind the end":    "0001 000c" + magic + id + "8028 0004 01020304 8022 0000",
		"an odd length":               "0001 0001" + magic + id + "00",
		"SIP":                         "4f505449 4f4e5320 7369703a 61406220 5349502f 322e300d 0a0d0a",
		"NULs":                        "00000000 00000000 00000000 00000000 00000000",
		"media":                       "8001 0000" + magic + id,
	} {
		if got, ok := Answer(nil, bytesOf(in), netip.MustParseAddrPort("192.0.2.1:5060")); ok || len(got) > 0 {
			t.Errorf("%s is answered: %x", name, got)
		}
	}
}

// Whatever comes: an answer belongs to what was asked, and nobody gets more out of it than 24 bytes.
func TestAnswersAreSmall(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOfN(rapid.Byte(), 0, 80).Draw(t, "bytes")
		if rapid.Bool().Draw(t, "close") {
			b = append(append([]byte{0, 1, 0, byte(len(b))}, bytesOf(magic+id)...), b...)
		}
		got, ok := Answer(nil, b, netip.MustParseAddrPort("[2001:db8::1]:5060"))
		switch {
		case !ok:
		case len(got) > MaxAnswer, len(got) > len(b)+24, !Is(got), !bytes.Equal(got[4:head], b[4:head]):
			t.Fatalf("%x for %x", got, b)
		}
	})
}

func FuzzAnswer(f *testing.F) {
	f.Add(bytesOf("0001 000c" + magic + id + "8022 0005 6162636465 000000"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, ok := Answer(nil, b, netip.MustParseAddrPort("192.0.2.1:5060")); ok && len(got) > MaxAnswer {
			t.Errorf("%x", got)
		}
	})
}
