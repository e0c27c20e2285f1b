package access

import (
	"crypto/rand"
	"crypto/sha256"
	"sync"
	"time"
)

// Passwords checks names and passwords that come with each request, at the
// rate that Guard allows. A pair that was right is remembered for a minute:
// hashing it again for each request of a script would cost more than all the
// rest.
type Passwords struct {
	Users *Users
	Guard *Guard
	Now   func() time.Time

	mu   sync.Mutex
	salt [32]byte
	list map[[32]byte]proof
}

// proof is a pair that was right, for the hash that it was right for.
type proof struct {
	hash string
	ends time.Time
}

const (
	proofLife = time.Minute
	maxProofs = 256
)

// Check tells whether there is such a user with such a password. Somebody at
// peer, or of that name, who failed too often has to wait first.
func (p *Passwords) Check(peer, name, password string) (who User, wait time.Duration, ok bool) {
	if wait = p.Guard.Wait(peer, name); wait > 0 {
		return User{}, wait, false
	}
	u, known := User{}, false
	if len(password) <= MaxPassword && len(name) <= MaxUserName {
		u, known = p.Users.Find(name)
	}
	key := p.key(name, password)
	if known && p.proved(key, u.Hash) {
		return u, 0, true
	}
	p.Guard.Failed(peer, name) // until proved otherwise
	hash := u.Hash
	if !known {
		hash, password = NobodysHash(), ""
	}
	if good := CheckPassword(hash, password); !good || !known {
		p.Guard.Refused()
		return User{}, 0, false
	}
	p.Guard.Succeeded(peer, name)
	p.remember(key, u.Hash)
	return u, 0, true
}

// key is a pair without the pair: its salt lives as long as the process.
func (p *Passwords) key(name, password string) [32]byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.list == nil {
		rand.Read(p.salt[:])
		p.list = map[[32]byte]proof{}
	}
	h := sha256.New()
	h.Write(p.salt[:])
	sum := sha256.Sum256([]byte(name))
	h.Write(sum[:])
	h.Write([]byte(password))
	return [32]byte(h.Sum(nil))
}

func (p *Passwords) proved(key [32]byte, hash string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	x, ok := p.list[key]
	return ok && x.hash == hash && p.Now().Before(x.ends)
}

func (p *Passwords) remember(key [32]byte, hash string) {
	now := p.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.list) >= maxProofs {
		clear(p.list)
	}
	p.list[key] = proof{hash, now.Add(proofLife)}
}
