package listing

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
)

// Cursors writes places in lists as words that mean nothing to others and that
// nobody else can make.
type Cursors struct{ key [sha256.Size]byte }

// NewCursors returns those of a secret.
func NewCursors(secret []byte) *Cursors {
	return &Cursors{key: sha256.Sum256(append([]byte("twinhop admin cursor\x00"), secret...))}
}

const sealSize = 10

func (c *Cursors) seal(list string, place []byte) []byte {
	mac := hmac.New(sha256.New, c.key[:])
	mac.Write([]byte(list + "\x00"))
	mac.Write(place)
	return mac.Sum(nil)[:sealSize]
}

// Write writes a place in the list of that name.
func (c *Cursors) Write(list string, place []byte) string {
	return base64.RawURLEncoding.EncodeToString(append(c.seal(list, place), place...))
}

// Read reads what Write wrote of the same list; false: it did not write this.
func (c *Cursors) Read(list, word string) (place []byte, ok bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(word)
	if err != nil || len(b) < sealSize || !hmac.Equal(b[:sealSize], c.seal(list, b[sealSize:])) {
		return nil, false
	}
	return b[sealSize:], true
}
