package feed

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
)

const (
	ringSize  = 4096 // events kept for those who come back
	maxPages  = 100
	pageQueue = 256 // messages that wait for a slow browser
)

// Tick is an event of which only the newest counts: one that still waits gives
// way to the next.
const Tick = "overview.tick"

// Message is one event of the stream. Only those with an ID are kept.
type Message struct {
	ID    uint64
	Event string
	Data  []byte

	topic string
}

// Feed hands events to the pages that follow their topics. It never waits for
// one of them. The zero Feed is ready.
type Feed struct {
	// Start is the id before the first. One that is later than all of the process
	// before tells who comes back that something was missed.
	Start uint64

	mu    sync.Mutex
	ring  []Message // at most ringSize, the oldest first
	last  uint64    // ID
	pages map[*Page]struct{}
}

// Follows tells whether any page follows a topic.
func (f *Feed) Follows(topic string) bool { return slices.Contains(f.Topics(), topic) }

// Topics lists what is followed, some of it more than once.
func (f *Feed) Topics() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []string
	for p := range f.pages {
		for topic := range p.topics {
			all = append(all, topic)
		}
	}
	return all
}

// Send hands an event to the pages that follow its topic. A kept one gets an
// id and can be asked for again.
func (f *Feed) Send(topic, event string, data any, keep bool) error {
	text, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("event %s: %w", event, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last = max(f.last, f.Start)
	m := Message{topic: topic, Event: event, Data: text}
	if keep {
		f.last++
		m.ID = f.last
		f.ring = append(f.ring, m)
		if len(f.ring) >= 2*ringSize {
			f.ring = append([]Message(nil), f.ring[len(f.ring)-ringSize:]...)
		}
	}
	for p := range f.pages {
		if p.topics[topic] {
			p.put(m)
		}
	}
	return nil
}

// Page is an open page. Its queue is guarded by the mutex of its Feed.
type Page struct {
	topics map[string]bool
	// Wake has something when there is something to Take.
	Wake   chan struct{}
	queue  []Message
	behind bool // it was too slow: it must fetch everything again
}

// put queues a message.
func (c *Page) put(m Message) {
	if m.Event == Tick {
		c.queue = slices.DeleteFunc(c.queue, func(x Message) bool { return x.Event == m.Event })
	}
	if len(c.queue) >= pageQueue {
		c.queue, c.behind = nil, true
	}
	if !c.behind {
		c.queue = append(c.queue, m)
	}
	select {
	case c.Wake <- struct{}{}:
	default:
	}
}

// Join adds a page. after is the id of the last event it has, or 0 for none;
// events since then are queued. resync: they are not known any more.
func (f *Feed) Join(topics map[string]bool, after uint64) (c *Page, last uint64, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last = max(f.last, f.Start)
	if len(f.pages) >= maxPages {
		return nil, 0, false
	}
	c = &Page{topics: topics, Wake: make(chan struct{}, 1)}
	if after > 0 {
		oldest := f.last + 1
		if len(f.ring) > 0 {
			oldest = f.ring[0].ID
		}
		c.behind = after > f.last || after+1 < oldest
		for _, m := range f.ring {
			if m.ID > after && topics[m.topic] {
				c.put(m)
			}
		}
	}
	if f.pages == nil {
		f.pages = map[*Page]struct{}{}
	}
	f.pages[c] = struct{}{}
	return c, f.last, true
}

// Leave takes a page away.
func (f *Feed) Leave(c *Page) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.pages, c)
}

// Take returns what is queued; behind tells that something is missing.
func (f *Feed) Take(c *Page) (list []Message, behind bool, last uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	list, behind = c.queue, c.behind
	c.queue, c.behind = nil, false
	return list, behind, f.last
}
