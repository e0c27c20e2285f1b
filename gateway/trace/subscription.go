package trace

import (
	"context"
	"sync"
)

// Subscription hands the events of all sessions to one reader, in batches. It
// never makes anybody wait: what does not fit is lost, and the reader is told
// how much.
type Subscription struct {
	log  *Log
	most int
	wake chan struct{}

	mu    sync.Mutex
	queue []Event
	lost  int
}

// Subscribe returns a subscription that keeps at most n events for a slow
// reader. Close it.
func (l *Log) Subscribe(n int) *Subscription {
	s := &Subscription{log: l, most: max(n, 1), wake: make(chan struct{}, 1)}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.subs == nil {
		l.subs = map[*Subscription]struct{}{}
	}
	l.subs[s] = struct{}{}
	return s
}

// Close ends the subscription; a waiting Next goes on waiting for its ctx.
func (s *Subscription) Close() {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	delete(s.log.subs, s)
}

// Next waits for events and returns them, oldest first, with the number of
// those lost before them. The error is that of ctx.
func (s *Subscription) Next(ctx context.Context) (events []Event, lost int, err error) {
	for {
		s.mu.Lock()
		events, lost = s.queue, s.lost
		s.queue, s.lost = nil, 0
		s.mu.Unlock()
		if len(events) > 0 || lost > 0 {
			return events, lost, nil
		}
		select {
		case <-ctx.Done():
			return nil, 0, ctx.Err()
		case <-s.wake:
		}
	}
}

func (l *Log) publish(batch []Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for s := range l.subs {
		s.put(batch)
	}
}

// put keeps the newest events: a reader that fell behind wants the present.
func (s *Subscription) put(batch []Event) {
	s.mu.Lock()
	s.queue = append(s.queue, batch...)
	if over := len(s.queue) - s.most; over > 0 {
		s.lost += over
		s.queue = append([]Event(nil), s.queue[over:]...)
	}
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
