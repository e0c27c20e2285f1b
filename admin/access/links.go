package access

import (
	"crypto/sha256"
	"sync"
	"time"
)

// maxTokens bounds how many printed links are open at once.
const maxTokens = 100

// The kinds of tokens.
const (
	TokenSetup = "setup"
	TokenLogin = "login"
)

// Tokens are the one-time secrets of printed links. Only their hashes are
// kept.
type Tokens struct {
	Now func() time.Time

	mu   sync.Mutex
	list map[[32]byte]ticket
}

type ticket struct {
	kind string
	who  Me
	ends time.Time
}

// Issue makes a token of a kind that speaks for who, within life.
func (t *Tokens) Issue(kind string, who Me, life time.Duration) string {
	token := random()
	now := t.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.list == nil {
		t.list = map[[32]byte]ticket{}
	}
	for len(t.list) >= maxTokens { // the one that would end first gives way
		first := [32]byte{}
		for k, x := range t.list {
			if y, ok := t.list[first]; !ok || x.ends.Before(y.ends) {
				first = k
			}
		}
		delete(t.list, first)
	}
	t.list[sha256.Sum256([]byte(token))] = ticket{kind, who, now.Add(life)}
	return token
}

// Use returns whom a token speaks for. It works once: unless keep is set, it
// is gone then.
func (t *Tokens) Use(kind, token string, keep bool) (Me, bool) {
	now := t.Now()
	key := sha256.Sum256([]byte(token))
	t.mu.Lock()
	defer t.mu.Unlock()
	x, ok := t.list[key]
	if !ok || x.kind != kind {
		return Me{}, false
	}
	if !keep || !now.Before(x.ends) {
		delete(t.list, key)
	}
	return x.who, now.Before(x.ends)
}
