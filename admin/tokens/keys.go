package tokens

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/golang-jwt/jwt/v5"
)

// The algorithms. One of them is configured; tokens of the other are refused.
const (
	EdDSA = "EdDSA"
	HS256 = "HS256"
)

const minSecret = 32

// key signs and checks the tokens of one generation of secrets.
type key struct {
	id          string // kid
	sign, check any
}

// newKey derives a key from a secret of at least 32 bytes. Each algorithm has
// keys of its own: nothing that is known of one helps with the other.
func newKey(algorithm string, secret []byte) (key, error) {
	if len(secret) < minSecret {
		return key{}, fmt.Errorf("an admin secret of %d bytes is too short, at least %d", len(secret), minSecret)
	}
	derive := func(purpose string, length int) ([]byte, error) {
		b, err := hkdf.Key(sha256.New, secret, nil, "twinhop admin token, "+algorithm+", "+purpose, length)
		if err != nil {
			return nil, fmt.Errorf("deriving the key of tokens: %w", err)
		}
		return b, nil
	}
	id, err := derive("name", 8)
	if err != nil {
		return key{}, err
	}
	seed, err := derive("signature", ed25519.SeedSize)
	if err != nil {
		return key{}, err
	}
	k := key{id: hex.EncodeToString(id), sign: seed, check: seed}
	switch algorithm {
	case HS256:
	case EdDSA:
		private := ed25519.NewKeyFromSeed(seed)
		k.sign, k.check = private, private.Public()
	default:
		return key{}, fmt.Errorf("%q is no algorithm of tokens", algorithm)
	}
	return k, nil
}

// keyOf finds the key that a token names, among the two at most that there
// are: a kid is compared, never looked up anywhere else.
func (b *Book) keyOf(t *jwt.Token) (any, error) {
	for name := range t.Header {
		if name != "alg" && name != "kid" && name != "typ" {
			return nil, fmt.Errorf("a header %q", name)
		}
	}
	id, _ := t.Header["kid"].(string)
	for _, k := range b.keys {
		if k.id == id {
			return k.check, nil
		}
	}
	return nil, fmt.Errorf("no such key")
}
