package json

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The headers of a signed message.
const (
	TimestampHeader = "X-Twinhop-Timestamp" // seconds since 1970
	NonceHeader     = "X-Twinhop-Nonce"     // 16 to 64 letters, digits, - or _
	SignatureHeader = "X-Twinhop-Signature" // HMAC-SHA256, hexadecimal
)

// window is how far the clocks of a node and the gateway may be apart,
// maxNonces how many messages may come in twice that time.
const (
	window    = 30 * time.Second
	maxNonces = 32768
)

var (
	errUnsigned  = errors.New("the message is not signed")
	errSignature = errors.New("the signature is wrong")
	errStale     = errors.New("the timestamp is more than 30 seconds off")
	errReplay    = errors.New("the nonce was used before")
	errCrowd     = errors.New("too many signed messages")
)

// Sign signs a request with this body.
func Sign(secret []byte, r *http.Request, body []byte) {
	r.Header.Set(TimestampHeader, strconv.FormatInt(time.Now().Unix(), 10))
	r.Header.Set(NonceHeader, rand.Text())
	r.Header.Set(SignatureHeader, hex.EncodeToString(sum(secret, r, body)))
}

// sum is the signature that a request with this body has to have.
func sum(secret []byte, r *http.Request, body []byte) []byte {
	h := hmac.New(sha256.New, secret)
	for _, part := range []string{r.Method, r.URL.Path, r.Header.Get(TimestampHeader), r.Header.Get(NonceHeader)} {
		h.Write([]byte(part))
		h.Write([]byte{'\n'})
	}
	h.Write(body)
	return h.Sum(nil)
}

// Nonces remembers which messages came. The zero Nonces is ready for use, and
// safe for it by many at a time.
type Nonces struct {
	mu       sync.Mutex
	now, old map[string]struct{}
	begun    time.Time // of now
}

// Verify tells whether a request with this body was signed with the secret,
// not long ago, and did not come before.
func (n *Nonces) Verify(secret []byte, r *http.Request, body []byte) error {
	nonce, at := r.Header.Get(NonceHeader), r.Header.Get(TimestampHeader)
	got, err := hex.DecodeString(r.Header.Get(SignatureHeader))
	if err != nil || len(got) == 0 || !wellFormed(nonce) {
		return errUnsigned
	}
	seconds, err := strconv.ParseInt(at, 10, 64)
	if err != nil {
		return errUnsigned
	}
	if !hmac.Equal(got, sum(secret, r, body)) {
		return errSignature
	}
	now := time.Now()
	if off := now.Sub(time.Unix(seconds, 0)); off > window || off < -window {
		return errStale
	}
	return n.take(nonce, now)
}

func wellFormed(nonce string) bool {
	return len(nonce) >= 16 && len(nonce) <= 64 && strings.Trim(nonce, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == ""
}

// take notes a nonce. It is remembered for as long as its message could be
// taken again.
func (n *Nonces) take(nonce string, now time.Time) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	const life = 2*window + 2*time.Second
	switch age := now.Sub(n.begun); {
	case n.now == nil || age >= 2*life:
		n.now, n.old, n.begun = map[string]struct{}{}, nil, now
	case age >= life:
		n.now, n.old, n.begun = map[string]struct{}{}, n.now, now
	}
	if _, again := n.now[nonce]; again {
		return errReplay
	}
	if _, again := n.old[nonce]; again {
		return errReplay
	}
	if len(n.now) >= maxNonces {
		return errCrowd
	}
	n.now[nonce] = struct{}{}
	return nil
}
