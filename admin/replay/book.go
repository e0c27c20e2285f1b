package replay

import (
	"container/list"
	"crypto/sha256"
	"net/http"
	"sync"
	"time"

	"twinhop/admin/problem"
)

const (
	// Life is how long an answer is kept.
	Life = 24 * time.Hour

	maxKeys   = 1000
	maxKey    = 255      // bytes
	maxAnswer = 16 << 10 // bytes of a body that is kept
)

// Answer is what was answered the first time.
type Answer struct {
	Status int
	Header http.Header // Content-Type, ETag and Location
	Body   []byte
}

// Name is what a key is good for: who sent it, to where.
type Name struct{ Who, Target, Key string }

// kept is what is known of a key.
type kept struct {
	name  Name
	body  [sha256.Size]byte
	until time.Time
	done  bool // there is an answer
	Answer
}

// Book keeps the answers. Its Now is set before it is used.
type Book struct {
	Now func() time.Time

	mu   sync.Mutex
	all  map[Name]*list.Element // of *kept
	ages list.List              // the oldest first: all live as long
}

// Begin takes a key and the body that came with it. An Answer is what is to be
// answered, and nothing to be done; nil: it is new, and End or Drop has to follow. The error is
// a problem.
func (b *Book) Begin(n Name, body []byte) (*Answer, error) {
	if len(n.Key) > maxKey {
		return nil, problem.New(http.StatusUnprocessableEntity, "validation", "Idempotency-Key: at most %d bytes.", maxKey)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.Now()
	b.forget(now)
	if at, ok := b.all[n]; ok {
		k := at.Value.(*kept)
		switch {
		case k.body != sha256.Sum256(body):
			return nil, problem.New(http.StatusUnprocessableEntity, "key-used", "This Idempotency-Key came with another body before. Take a new one.")
		case !k.done:
			return nil, problem.New(http.StatusConflict, "conflict", "The request with this Idempotency-Key is still under way.")
		}
		answer := k.Answer
		return &answer, nil
	}
	if len(b.all) >= maxKeys && !b.oust() {
		return nil, problem.New(http.StatusServiceUnavailable, "unavailable", "Too many requests with an Idempotency-Key are under way.")
	}
	if b.all == nil {
		b.all = map[Name]*list.Element{}
	}
	b.all[n] = b.ages.PushBack(&kept{name: n, body: sha256.Sum256(body), until: now.Add(Life)})
	return nil, nil
}

// forget drops what is too old. The lock is held.
func (b *Book) forget(now time.Time) {
	for at := b.ages.Front(); at != nil && !now.Before(at.Value.(*kept).until); at = b.ages.Front() {
		b.remove(at)
	}
}

// oust drops the oldest that has its answer. The lock is held.
func (b *Book) oust() bool {
	for at := b.ages.Front(); at != nil; at = at.Next() {
		if at.Value.(*kept).done {
			b.remove(at)
			return true
		}
	}
	return false
}

func (b *Book) remove(at *list.Element) { delete(b.all, b.ages.Remove(at).(*kept).name) }

// End keeps the answer of what Begin began.
func (b *Book) End(n Name, a Answer) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if at, ok := b.all[n]; ok {
		k := at.Value.(*kept)
		k.Answer, k.done = a, true
	}
}

// Drop forgets what Begin began: it can be tried again.
func (b *Book) Drop(n Name) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if at, ok := b.all[n]; ok {
		b.remove(at)
	}
}
