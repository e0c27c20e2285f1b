package demo

import (
	"context"
	"sync"
)

// bell wakes everybody who waits for a change. The zero bell works.
type bell struct {
	mu   sync.Mutex
	next chan struct{}
}

func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next != nil {
		close(b.next)
		b.next = nil
	}
}

func (b *bell) heard() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next == nil {
		b.next = make(chan struct{})
	}
	return b.next
}

// until waits for a condition that changes only together with a ring, or for ctx to end.
func (b *bell) until(ctx context.Context, cond func() bool) error {
	for {
		next := b.heard()
		if cond() {
			return nil
		}
		select {
		case <-next:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
