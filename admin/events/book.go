package events

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"twinhop/admin/listing"
	"twinhop/admin/problem"
)

const (
	// Kept is how many events are in memory.
	Kept = 10_000

	recently = 50               // occurrences of the overview
	together = 10 * time.Second // how long after the first like ones are one event
	nearby   = 8                // events that are looked at for a like one
)

// Book keeps events. The zero Book is ready.
type Book struct {
	mu     sync.Mutex
	ring   listing.Ring[Event]
	last   uint64
	recent []Occurrence
	grown  map[uint64]bool // events of which more happened, and nobody was told yet
}

// Note keeps an occurrence. What is one with an event of a moment ago counts
// there: first is false then, and Grown has it.
func (b *Book) Note(o Occurrence) (e Event, first bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if elsewhere(o.Type) {
		// the overview is about nodes and sessions
	} else if n := len(b.recent); n > 0 && b.recent[n-1].alike(&o) {
		o.Count = max(b.recent[n-1].Count, 1) + 1
		b.recent[n-1] = o
		o.Count = 0
	} else {
		b.recent = append(b.recent, o)
	}
	if over := len(b.recent) - recently; over > 0 {
		b.recent = slices.Delete(b.recent, 0, over)
	}
	b.ring.Size = Kept
	if old := b.like(&o); old != nil {
		number, began := old.number, old.began
		o.Count = max(old.Count, 1) + 1
		*old = of(o)
		old.ID, old.number, old.began, old.source = "e_"+strconv.FormatUint(number, 10), number, began, o
		if b.grown == nil {
			b.grown = map[uint64]bool{}
		}
		b.grown[number] = true
		return *old, false
	}
	b.last++
	e = of(o)
	e.ID, e.number, e.began, e.source = "e_"+strconv.FormatUint(b.last, 10), b.last, o.when(), o
	b.ring.Add(e)
	return e, true
}

// elsewhere tells what is among the events and not on the overview.
func elsewhere(kind string) bool {
	return kind == "audit" || kind == "shed" || kind == "ban" || strings.HasPrefix(kind, "auth.")
}

// like finds an event of a moment ago of which o is one more. The lock is held.
func (b *Book) like(o *Occurrence) *Event {
	n := 0
	for e := range b.ring.Back() {
		if n++; n > nearby {
			return nil
		}
		if e.source.alike(o) && o.when().Sub(e.began) < together {
			return e
		}
	}
	return nil
}

// Grown returns the events of which more happened since it was last asked, the
// oldest first.
func (b *Book) Grown() (all []Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.grown) == 0 {
		return nil
	}
	n := 0
	for e := range b.ring.Back() {
		if b.grown[e.number] {
			all = append(all, *e)
			n++
		}
		if n == len(b.grown) {
			break
		}
	}
	b.grown = nil
	return listing.Forward(all)
}

// Recent returns the last occurrences, the newest first.
func (b *Book) Recent() []Occurrence {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := slices.Clone(b.recent)
	slices.Reverse(list)
	return append([]Occurrence{}, list...)
}

func (b *Book) back() (all []*Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for e := range b.ring.Back() {
		x := *e
		all = append(all, &x)
	}
	return all
}

// List answers with the events that somebody asks for: a page, the newest
// first, or lines, the oldest first.
func (b *Book) List(c *gin.Context, cursors *listing.Cursors) (any, error) {
	q := c.Request.URL.Query()
	lines := listing.WantsLines(c)
	w, err := cursors.Window("events", q, lines, Kept)
	if err != nil {
		return nil, err
	}
	least := slices.Index(severities, q.Get("severity"))
	if q.Get("severity") != "" && least < 0 {
		return nil, problem.Invalid("?severity", "info, warn or bad")
	}
	text := strings.ToLower(q.Get("q"))
	p := listing.Pick(cursors, w, slices.Values(b.back()), func(e *Event) bool {
		return slices.Index(severities, e.Severity) >= least && e.suits(q) && strings.Contains(strings.ToLower(e.Text), text)
	})
	if !lines {
		return p, nil
	}
	listing.Lines(c, "events.jsonl", listing.Forward(p.Items))
	return nil, nil
}

func (e *Event) suits(q url.Values) bool {
	is := func(name, value string) bool { return q.Get(name) == "" || q.Get(name) == value }
	return is("node", e.Node) && is("session", e.Session) && is("actor", e.Actor) && strings.HasPrefix(e.Type, q.Get("type"))
}
