package park

import (
	"context"
	"sync"
	"time"

	"twinhop/sip/locate"
)

// Lot keeps messages, each a T.
type Lot[T any] struct {
	ctx    context.Context
	names  *locate.Locator
	resume func([]T, error)
	jobs   sync.WaitGroup

	mu    sync.Mutex
	asked map[locate.Key][]T
	total int
}

// Bounds of what waits.
const (
	maxAsked   = 64 // names at a time
	maxWaiting = 64 // messages for one name
	timeout    = 5 * time.Second
)

// New makes a Lot that works until ctx ends; who waits then is forgotten. resume is given what waited for a name, on a goroutine of its own,
// and why it was not found; also when nothing waited.
func New[T any](ctx context.Context, names *locate.Locator, resume func([]T, error)) *Lot[T] {
	return &Lot[T]{ctx: ctx, names: names, resume: resume, asked: make(map[locate.Key][]T)}
}

// Keep keeps what a message gives until the name of q is known. It is false, and nothing is taken, when too many wait, or limit in all.
func (l *Lot[T]) Keep(q locate.Query, limit int, message func() T) bool {
	k, err := l.names.Key(q)
	if err != nil {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	list, running := l.asked[k]
	if len(list) >= maxWaiting || !running && len(l.asked) >= maxAsked || l.total >= limit || l.ctx.Err() != nil {
		return false
	}
	l.asked[k] = append(list, message())
	l.total++
	if !running {
		l.jobs.Go(func() { l.resolve(k) })
	}
	return true
}

// Renew looks a name up again whose answer has grown old; nothing waits for it.
func (l *Lot[T]) Renew(q locate.Query) {
	k, err := l.names.Key(q)
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, running := l.asked[k]; err != nil || running || len(l.asked) >= maxAsked || l.ctx.Err() != nil {
		return
	}
	l.asked[k] = nil
	l.jobs.Go(func() { l.resolve(k) })
}

func (l *Lot[T]) resolve(k locate.Key) {
	ctx, cancel := context.WithTimeout(l.ctx, timeout)
	err := l.names.Ask(ctx, k)
	cancel()
	l.mu.Lock()
	list := l.asked[k]
	delete(l.asked, k)
	l.total -= len(list)
	l.mu.Unlock()
	if l.ctx.Err() == nil { // else the sockets are going
		l.resume(list, err)
	}
}

// Wait returns when no name is looked up any more: some time after the end of the context.
func (l *Lot[T]) Wait() { l.jobs.Wait() }
