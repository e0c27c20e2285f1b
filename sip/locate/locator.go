package locate

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// State says what Find knows.
type State uint8

const (
	Unknown State = iota // Ask, then Find again
	Known                // targets were given
	Aged                 // targets were given, and the caller, the only one who is told so, should Ask for newer ones
	None                 // there is no such place, or none that can be gone to from here
	Silent               // the name servers were asked in vain; they are asked again in a while
)

// Bounds of the memory.
const (
	maxNames = 4096
	maxStale = 60 * time.Second // how long what is over still serves
	hold     = 5 * time.Second  // time for one caller to bring newer answers before another is told
	sample   = 8                // names looked at to find one to forget
)

// DefaultWait bounds Ask when its context has no end.
const DefaultWait = 5 * time.Second

// Locator finds the next hop. Its fields are set before use; it may then be used by several goroutines.
type Locator struct {
	Resolver Resolver // nil: the system's name servers and hosts file
	// Can is the set of transports spoken; 0 = UDP.
	Can Transport
	// Usable tells whether there is a way to an address that a name has, such as a socket of its family; nil: to all. Addresses that stand in
	// a query are never asked about.
	Usable func(netip.Addr) bool

	system DNS

	mu     sync.RWMutex
	known  map[Key]*entry
	asking map[Key]*flight
}

// entry is what is known of a key.
type entry struct {
	records []record // empty: nothing there
	err     error    // why
	whole   bool     // every question was answered
	expires time.Time
	used    atomic.Int64 // second of the last use
	told    atomic.Int64 // nanosecond at which a caller was told Aged
}

// flight is a look-up under way.
type flight struct {
	done chan struct{}
	err  error
}

// Find appends the targets of a query to dst, at most eight, those to try first in front. It never waits. seed must be equal for all messages
// that belong to one transaction, and should differ between transactions. now is the time of the message. A zero q.Transport may be replaced
// by the caller before, as for requests too large for UDP.
func (l *Locator) Find(dst []Target, q Query, seed uint64, now time.Time) ([]Target, State) {
	var buf [maxName + 1]byte
	p, name, err := q.read(l.can(), &buf)
	switch {
	case err != nil:
		return dst, None
	case p.literal.IsValid():
		return append(dst, Target{p.transport, netip.AddrPortFrom(p.literal, p.port)}), Known
	}
	l.mu.RLock()
	e := l.known[Key{string(name), p.way}]
	l.mu.RUnlock()
	if e == nil {
		return dst, Unknown
	}
	if s := now.Unix(); e.used.Load() < s {
		e.used.Store(s)
	}
	state := e.state(now)
	if state == Known || state == Aged {
		dst = p.targets(dst, e.records, seed)
	}
	return dst, state
}

func (e *entry) state(now time.Time) State {
	switch {
	case now.Before(e.expires) && len(e.records) == 0 && !e.whole:
		return Silent
	case now.Before(e.expires) && len(e.records) == 0:
		return None
	case now.Before(e.expires):
		return Known
	case !e.serves(now):
		return Unknown
	}
	told := e.told.Load()
	if n := now.UnixNano(); (told == 0 || n-told >= int64(hold)) && e.told.CompareAndSwap(told, n) {
		return Aged
	}
	return Known
}

// serves tells whether targets may still be taken from what is over.
func (e *entry) serves(now time.Time) bool {
	return len(e.records) > 0 && now.Before(e.expires.Add(maxStale))
}

// Key names what Ask has to look up for a query that Find does not know. It fails with ErrName or ErrTransport where Find says None without
// asking. The Key of an address is the zero one, about which nothing is asked.
func (l *Locator) Key(q Query) (Key, error) {
	var buf [maxName + 1]byte
	p, name, err := q.read(l.can(), &buf)
	if err != nil {
		return Key{}, err
	}
	return Key{string(name), p.way}, nil
}

// Ask looks a key up on the goroutine of the caller and returns when Find knows it. Callers of one key share one look-up. The error says why
// there is nothing: ErrNoRecords, or what went wrong, which is not asked again for a while either; or that ctx was cancelled, which is not
// remembered. ctx should have an end, of which each step takes a share.
func (l *Locator) Ask(ctx context.Context, k Key) error {
	if k.name == "" {
		return nil
	}
	for {
		l.mu.Lock()
		if e := l.known[k]; e != nil && time.Now().Before(e.expires) {
			l.mu.Unlock()
			return e.err
		}
		f := l.asking[k]
		if f == nil {
			break
		}
		l.mu.Unlock()
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for the address of %s: %w", k.name, ctx.Err())
		case <-f.done:
			if !errors.Is(f.err, context.Canceled) {
				return f.err
			}
		}
	}
	f := &flight{done: make(chan struct{}), err: context.Canceled}
	if l.known == nil {
		l.known, l.asking = make(map[Key]*entry), make(map[Key]*flight)
	}
	l.asking[k] = f
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		delete(l.asking, k)
		l.mu.Unlock()
		close(f.done)
	}()
	f.err = l.ask(ctx, k)
	return f.err
}

func (l *Locator) ask(ctx context.Context, k Key) error {
	s := search{Resolver: l.Resolver, can: l.can(), usable: l.Usable}
	if s.Resolver == nil {
		s.Resolver = &l.system
	}
	in := ctx
	if _, ends := ctx.Deadline(); !ends {
		var cancel context.CancelFunc
		in, cancel = context.WithTimeout(ctx, DefaultWait)
		defer cancel()
	}
	e := &entry{records: s.run(in, k), whole: len(s.gaps) == 0}
	if errors.Is(ctx.Err(), context.Canceled) {
		return fmt.Errorf("locating %s: %w", k.name, ctx.Err())
	}
	life := min(max(s.life, minLife), maxLife)
	switch {
	case len(e.records) > 0 && e.whole:
	case len(e.records) > 0:
		life = noLife
	case e.whole:
		e.err, life = fmt.Errorf("locating %s: %w", k.name, ErrNoRecords), noLife
	default:
		e.err, life = fmt.Errorf("locating %s: %w", k.name, errors.Join(s.gaps...)), noLife
	}
	now := time.Now()
	e.expires = now.Add(life)
	e.used.Store(now.Unix())
	l.keep(k, e, now)
	return e.err
}

// keep stores an entry. What came of a troubled look-up does not replace older targets that still serve.
func (l *Locator) keep(k Key, e *entry, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	old := l.known[k]
	switch {
	case old != nil && !e.whole && old.whole && old.serves(now):
		return
	case old == nil && len(l.known) >= maxNames:
		l.forget(now)
	}
	l.known[k] = e
}

// forget drops one of a few entries: one that serves no more, else the one not used for longest.
func (l *Locator) forget(now time.Time) {
	var worst Key
	var since int64
	n := 0
	for k, e := range l.known {
		used := e.used.Load()
		if !now.Before(e.expires) && !e.serves(now) {
			used = -1
		}
		if n == 0 || used < since {
			worst, since = k, used
		}
		if n++; n == sample {
			break
		}
	}
	delete(l.known, worst)
}

func (l *Locator) can() Transport {
	if can := l.Can & (UDP | TCP | TLS); can != 0 {
		return can
	}
	return UDP
}
