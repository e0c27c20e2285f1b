package keystore

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509/pkix"
	"encoding/asn1"
	"hash"
	"math/big"
	"slices"
)

// maxRounds is how often a file may have a password hashed, in all: about a second. Java makes 10,000 rounds for each key, some
// versions 50,000.
const maxRounds = 2_000_000

// A locksmith makes keys of a password.
type locksmith struct {
	password string
	rounds   int // made so far
}

func oid(n ...int) asn1.ObjectIdentifier { return n }

var (
	oidSHA1, oidSHA256, oidSHA384, oidSHA512 = oid(1, 3, 14, 3, 2, 26), oid(2, 16, 840, 1, 101, 3, 4, 2, 1), oid(2, 16, 840, 1, 101, 3, 4, 2, 2), oid(2, 16, 840, 1, 101, 3, 4, 2, 3)
	oidPBES2, oidPBKDF2, oidPBMAC1           = oid(1, 2, 840, 113549, 1, 5, 13), oid(1, 2, 840, 113549, 1, 5, 12), oid(1, 2, 840, 113549, 1, 5, 14)
)

// hashes are by the name of a hash, and of HMAC with it.
var hashes = map[string]func() hash.Hash{
	oidSHA1.String(): sha1.New, oidSHA256.String(): sha256.New, oidSHA384.String(): sha512.New384, oidSHA512.String(): sha512.New,
	"1.2.840.113549.2.7": sha1.New, "1.2.840.113549.2.9": sha256.New, "1.2.840.113549.2.10": sha512.New384, "1.2.840.113549.2.11": sha512.New,
}

// aesKeys are the lengths of keys by the name of the cipher.
var aesKeys = map[string]int{"2.16.840.1.101.3.4.1.2": 16, "2.16.840.1.101.3.4.1.22": 24, "2.16.840.1.101.3.4.1.42": 32}

// oldCiphers are those of PKCS #12 itself.
var oldCiphers = map[string]struct {
	key  int
	make func(key []byte) (cipher.Block, error)
}{
	"1.2.840.113549.1.12.1.3": {24, des.NewTripleDESCipher},
	"1.2.840.113549.1.12.1.5": {16, func(key []byte) (cipher.Block, error) { return newRC2(key), nil }},
	"1.2.840.113549.1.12.1.6": {5, func(key []byte) (cipher.Block, error) { return newRC2(key), nil }},
}

// only reads a value that is all there is.
func only(der []byte, into any) bool {
	rest, err := asn1.Unmarshal(der, into)
	return err == nil && len(rest) == 0
}

// work counts what is asked for: rounds, for each of some blocks.
func (l *locksmith) work(rounds, blocks int) *Error {
	if rounds < 1 {
		return fail(whole, "is damaged")
	}
	if rounds > (maxRounds-l.rounds)/blocks {
		return fail(toPKCS12, "asks for more than %d rounds of hashing its password", maxRounds)
	}
	l.rounds += rounds * blocks
	return nil
}

var unknown = fail(toPKCS12, "is encrypted by a method that is not known")

// open decrypts by the password.
func (l *locksmith) open(how pkix.AlgorithmIdentifier, sealed []byte) ([]byte, *Error) {
	if l.password == "" {
		return nil, wrong("")
	}
	block, iv, err := l.cipher(how)
	if err != nil {
		return nil, err
	}
	size := block.BlockSize()
	if len(iv) != size || len(sealed) == 0 || len(sealed)%size != 0 {
		return nil, fail(whole, "is damaged")
	}
	text := make([]byte, len(sealed))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(text, sealed)
	pad := int(text[len(text)-1])
	if pad < 1 || pad > size || slices.ContainsFunc(text[len(text)-pad:], func(b byte) bool { return int(b) != pad }) {
		return nil, wrong(l.password)
	}
	return text[:len(text)-pad], nil
}

func (l *locksmith) cipher(how pkix.AlgorithmIdentifier) (cipher.Block, []byte, *Error) {
	if how.Algorithm.Equal(oidPBES2) {
		return l.cipher2(how)
	}
	old, ok := oldCiphers[how.Algorithm.String()]
	if !ok {
		return nil, nil, unknown
	}
	var p struct {
		Salt   []byte
		Rounds int
	}
	if !only(how.Parameters.FullBytes, &p) {
		return nil, nil, fail(whole, "is damaged")
	}
	var made [2][]byte
	for i, n := range []int{old.key, 8} {
		if err := l.work(p.Rounds, 1+(old.key-1)/sha1.Size); err != nil {
			return nil, nil, err
		}
		made[i] = derive(sha1.New, bmp(l.password), p.Salt, deriving{rounds: p.Rounds, use: byte(i + 1), size: n})
	}
	block, err := old.make(made[0])
	if err != nil {
		return nil, nil, unknown
	}
	return block, made[1], nil
}

// cipher2 is that of PKCS #5, version 2: AES, with a key of PBKDF2.
func (l *locksmith) cipher2(how pkix.AlgorithmIdentifier) (cipher.Block, []byte, *Error) {
	var p struct{ KDF, Cipher pkix.AlgorithmIdentifier }
	var iv []byte
	if !only(how.Parameters.FullBytes, &p) {
		return nil, nil, fail(whole, "is damaged")
	}
	size, ok := aesKeys[p.Cipher.Algorithm.String()]
	if !ok {
		return nil, nil, unknown
	}
	if !only(p.Cipher.Parameters.FullBytes, &iv) {
		return nil, nil, fail(whole, "is damaged")
	}
	key, fault := l.pbkdf2(p.KDF, size)
	if fault != nil {
		return nil, nil, fault
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, nil, unknown
	}
	return block, iv, nil
}

func (l *locksmith) pbkdf2(how pkix.AlgorithmIdentifier, size int) ([]byte, *Error) {
	var p struct {
		Salt   []byte
		Rounds int
		Size   int                      `asn1:"optional"`
		HMAC   pkix.AlgorithmIdentifier `asn1:"optional"`
	}
	if !how.Algorithm.Equal(oidPBKDF2) {
		return nil, unknown
	}
	if !only(how.Parameters.FullBytes, &p) || p.Size != 0 && size != 0 && p.Size != size || p.Size < 0 || p.Size > 64 {
		return nil, fail(whole, "is damaged")
	}
	sum := sha1.New
	if len(p.HMAC.Algorithm) > 0 {
		if sum = hashes[p.HMAC.Algorithm.String()]; sum == nil {
			return nil, unknown
		}
	}
	if size == 0 {
		if size = p.Size; size < 20 {
			return nil, fail(whole, "is damaged")
		}
	}
	if err := l.work(p.Rounds, 1+(size-1)/sum().Size()); err != nil {
		return nil, err
	}
	key, err := pbkdf2.Key(sum, l.password, p.Salt, p.Rounds, size)
	if err != nil {
		return nil, unknown
	}
	return key, nil
}

// genuine tells whether the code of authentication of a text is of the password.
func (l *locksmith) genuine(m macData, text []byte) *Error {
	if l.password == "" {
		return wrong("")
	}
	var key []byte
	sum := hashes[m.Mac.Algorithm.Algorithm.String()]
	if m.Mac.Algorithm.Algorithm.Equal(oidPBMAC1) {
		var p struct{ KDF, MAC pkix.AlgorithmIdentifier }
		if !only(m.Mac.Algorithm.Parameters.FullBytes, &p) {
			return fail(whole, "is damaged")
		}
		var err *Error
		if key, err = l.pbkdf2(p.KDF, 0); err != nil {
			return err
		}
		sum = hashes[p.MAC.Algorithm.String()]
	} else if sum != nil {
		if err := l.work(m.Rounds, 1); err != nil {
			return err
		}
		key = derive(sum, bmp(l.password), m.Salt, deriving{rounds: m.Rounds, use: 3, size: sum().Size()})
	}
	if sum == nil {
		return unknown
	}
	code := hmac.New(sum, key)
	code.Write(text)
	if !hmac.Equal(code.Sum(nil), m.Mac.Digest) {
		return wrong(l.password)
	}
	return nil
}

// bmp is a password as PKCS #12 has it.
func bmp(s string) []byte { return append(utf16be(s), 0, 0) }

// deriving says what for and how often: use is 1 for a key, 2 for an initialization vector, 3 for authentication.
type deriving struct {
	rounds, size int
	use          byte
}

// derive makes a key by RFC 7292, appendix B.2.
func derive(sum func() hash.Hash, password, salt []byte, d deriving) []byte {
	h := sum()
	v := h.BlockSize()
	input := append(filled(salt, v), filled(password, v)...)
	var out []byte
	for {
		h.Reset()
		for range v {
			h.Write([]byte{d.use})
		}
		h.Write(input)
		a := h.Sum(nil)
		for range d.rounds - 1 {
			h.Reset()
			h.Write(a)
			a = h.Sum(a[:0])
		}
		if out = append(out, a...); len(out) >= d.size {
			return out[:d.size]
		}
		b := new(big.Int).SetBytes(filled(a, v)[:v])
		b.Add(b, big.NewInt(1))
		for i := 0; i < len(input); i += v {
			n := new(big.Int).SetBytes(input[i : i+v])
			n.Add(n, b)
			n.SetBit(n, 8*v, 0)
			n.FillBytes(input[i : i+v])
		}
	}
}

// filled repeats bytes until they are a multiple of v; none stay none.
func filled(b []byte, v int) []byte {
	if len(b) == 0 {
		return nil
	}
	out := make([]byte, (len(b)+v-1)/v*v)
	for i := range out {
		out[i] = b[i%len(b)]
	}
	return out
}
