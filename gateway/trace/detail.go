package trace

import (
	"context"
	"fmt"
	"sync"
	"time"
	"unsafe"

	"github.com/dgraph-io/ristretto/v2"

	"twinhop/appsession"
)

const (
	collectEvery = 200 * time.Millisecond
	collectMost  = 128  // events per round; above it only some sessions are followed: see sieve
	collectHard  = 8192 // events per round, however notable: what is beyond stays in the rings only
	collectChunk = 256  // entries looked at under one lock

	timelineMost = 160 // events of one session
	timelineHead = 24  // of which the first are never pushed out: how it began
	timelineCost = 160 // bytes of an empty one
)

// detail holds timelines. The cache may refuse, drop or evict any of them.
type detail struct {
	cache *ristretto.Cache[string, *timeline]
}

type timeline struct {
	mu     sync.Mutex
	events []Event
	bytes  int64
	cost   int64 // bytes when it was last given to the cache
}

func (t *timeline) add(v Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	before := len(t.events)
	t.events = add(t.events, v)
	if len(t.events) == before {
		return
	}
	t.bytes += v.size()
	if len(t.events) > timelineMost {
		t.bytes -= t.events[timelineHead].size()
		t.events = append(t.events[:timelineHead], t.events[timelineHead+1:]...)
	}
}

// grown tells the timeline's cost and whether the cache should hear of it.
func (t *timeline) grown() (int64, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	// The slice's spare room is memory too.
	spare := int64(cap(t.events)-len(t.events)) * int64(unsafe.Sizeof(Event{}))
	cost := timelineCost + t.bytes + spare
	if cost == t.cost {
		return cost, false
	}
	t.cost = cost
	return cost, true
}

func (d *detail) get(id appsession.ID) []Event {
	t, ok := d.cache.Get(string(id[:]))
	if !ok {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]Event(nil), t.events...)
}

// Run collects events from the rings into timelines and gives them to the
// subscribers until ctx is done. It is called at most once at a time.
func (l *Log) Run(ctx context.Context) error {
	l.ready()
	if l.MaxBytes <= 0 {
		<-ctx.Done()
		return nil
	}
	budget := l.MaxBytes - l.MaxBytes/4
	cache, err := ristretto.NewCache(&ristretto.Config[string, *timeline]{
		NumCounters: max(budget/100, 1000), // ten times the timelines that fit
		MaxCost:     budget,
		BufferItems: 64,
		Metrics:     true, // tells how much is held
		OnReject:    func(*ristretto.Item[*timeline]) { l.tally.refused.Add(1) },
		OnEvict:     func(*ristretto.Item[*timeline]) { l.tally.evicted.Add(1) },
	})
	if err != nil {
		return fmt.Errorf("making the cache of timelines: %w", err)
	}
	d := &detail{cache}
	l.detail.Store(d)
	defer func() {
		l.detail.Store(nil)
		cache.Close()
	}()
	tick := time.NewTicker(collectEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			l.collect(d)
			return nil
		case <-tick.C:
			l.collect(d)
		}
	}
}

// collect takes one round of new entries. Events of one session stay in
// order: they are all in one ring.
func (l *Log) collect(d *detail) {
	var batch []Event
	for i := range l.rings {
		batch = l.rings[i].take(batch, &l.tally)
	}
	if len(batch) == 0 {
		return
	}
	touched := map[appsession.ID]*timeline{}
	for _, v := range batch {
		if v.Session.IsZero() {
			continue
		}
		t := touched[v.Session]
		if t == nil {
			var ok bool
			if t, ok = d.cache.Get(string(v.Session[:])); !ok {
				t = &timeline{}
			}
			touched[v.Session] = t
		}
		t.add(v)
	}
	for id, t := range touched {
		if cost, grown := t.grown(); grown && !d.cache.Set(string(id[:]), t, cost) {
			l.tally.refused.Add(1)
		}
	}
	d.cache.Wait() // a new timeline is found by the next round only after this
	l.publish(batch)
}

// take appends the new entries of the ring, or of many those that the sieve lets through. What was overwritten before, and what is left out,
// is counted.
func (r *ring) take(batch []Event, t *tally) []Event {
	var chunk [collectChunk]entry
	r.mu.Lock()
	through := sieveFor(r.seq - r.read)
	r.mu.Unlock()
	for taken, more := 0, true; more; {
		n, skipped := 0, uint64(0)
		r.mu.Lock()
		if kept := uint64(len(r.list)); r.seq-r.read > kept {
			skipped = r.seq - r.read - kept
			r.read = r.seq - kept
		}
		for range min(r.seq-r.read, collectChunk) {
			e := &r.list[r.read%uint64(len(r.list))]
			r.read++
			if taken+n < collectHard/shards && through.passes(e) {
				chunk[n] = *e
				n++
			} else {
				skipped++
			}
		}
		more = r.read < r.seq
		r.mu.Unlock()
		t.lost.Add(skipped)
		taken += n
		for i := range n {
			batch = append(batch, chunk[i].event())
		}
	}
	return batch
}

// sieve chooses sessions when there are too many to follow all: a timeline costs many times what an entry of a ring does, and at thousands of
// calls a second none would be kept for long. A session that a fine sieve lets through passes every coarser one, so that it stays followed
// while the load changes. What is notable always passes.
type sieve uint8

// sieveFor is the coarsest sieve for so many entries of one ring.
func sieveFor(n uint64) (s sieve) {
	for ; n > collectMost/shards && s < 0x80; n /= 2 {
		s = s<<1 | 1
	}
	return s
}

func (s sieve) passes(e *entry) bool {
	return e.session[0]&byte(s) == 0 || e.typ == Moved || e.flags != 0
}

// bytes is about how much memory events take now.
func (l *Log) bytes() int64 {
	l.ready()
	n := int64(0)
	for i := range l.rings {
		n += int64(len(l.rings[i].list)) * int64(unsafe.Sizeof(entry{}))
	}
	if d := l.detail.Load(); d != nil && d.cache.Metrics != nil {
		n += int64(d.cache.Metrics.CostAdded() - d.cache.Metrics.CostEvicted())
	}
	return n
}
