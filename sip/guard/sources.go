package guard

import (
	"iter"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Verdict says what becomes of a message.
type Verdict uint8

// The verdicts, each with the word String gives. Everything but Pass is dropped, and nothing is answered.
const (
	Pass   Verdict = iota
	Over           // the source sends more than its rate: this message is dropped
	Caught         // it has done so for too long: dropped, and a ban begins; said once
	Banned         // the ban has not ended
	verdictCount
)

var verdictWords = [verdictCount]string{"pass", "over", "caught", "banned"}

// String gives a fixed word, fit for a metric label.
func (v Verdict) String() string {
	if v >= verdictCount {
		return "unknown"
	}
	return verdictWords[v]
}

// SourceSettings bound what one source may send. Above and Ban both count: with either 0 nobody is banned.
type SourceSettings struct {
	Rate   int            // messages a second; 0 = no limit at all
	Burst  int            // messages at once; 0 = as many as Rate
	Above  time.Duration  // a source whose messages are dropped again and again for longer than this is banned
	Ban    time.Duration  // for so long nothing of it passes
	Max    int            // sources known at a time, the latest; 0 = no limit at all, for nobody can be counted
	Exempt []netip.Prefix // these are never counted
}

// DefaultSources are the settings of Sources to which none were applied.
func DefaultSources() SourceSettings {
	return SourceSettings{Rate: 100, Burst: 200, Above: 3 * time.Second, Ban: time.Minute, Max: 100_000}
}

// lull is how long nothing of a source must be dropped for it to count as having kept to its rate again. Whoever sends more than one message
// a second too many never gets there.
const lull = moment(time.Second)

// Sources gives each source its own bucket, and bans those that go on when it is empty. A source is an IPv4 address or an IPv6 /64. The
// sender of a datagram can be invented: a ban can be brought on somebody else, which is what Exempt is for.
type Sources struct {
	state atomic.Pointer[sourceState]
	begun atomic.Uint64 // bans
	mu    sync.Mutex    // one Apply at a time
}

type sourceState struct {
	set    SourceSettings
	pace   pace
	above  moment
	ban    moment
	exempt Prefixes
	table  *table // nil = off
}

// Apply replaces the settings; what is known of the sources stays, as far as there is room for it.
func (s *Sources) Apply(set SourceSettings) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.apply(set)
}

func (s *Sources) apply(set SourceSettings) *sourceState {
	n := &sourceState{set: set, above: moment(set.Above), ban: moment(set.Ban), exempt: NewPrefixes(set.Exempt)}
	var on bool
	if n.pace, on = newPace(set.Rate, set.Burst); on && set.Max > 0 {
		var old sourceState
		if p := s.state.Load(); p != nil {
			old = *p
		}
		n.table = sized(old.table, old.set.Max, set.Max)
	}
	s.state.Store(n)
	return n
}

// load gives the settings in force, those of the beginning when there are none.
func (s *Sources) load() *sourceState {
	if p := s.state.Load(); p != nil {
		return p
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.state.Load(); p != nil {
		return p
	}
	return s.apply(DefaultSources())
}

// Take counts one message of a source, and says whether it passes. Every message that arrives must be counted, whatever it is.
func (s *Sources) Take(now time.Time, ip netip.Addr) Verdict {
	set := s.load()
	if set.table == nil || set.exempt.Contains(ip) {
		return Pass
	}
	sh, src := set.table.locked(keyOf(ip), true)
	v := src.take(set, at(now))
	sh.mu.Unlock()
	if v == Caught {
		s.begun.Add(1)
	}
	return v
}

func (s *source) take(set *sourceState, now moment) Verdict {
	now = max(now, s.seen)
	s.seen = now
	if s.until > now {
		s.dropped++
		return Banned
	}
	if s.until != 0 {
		s.until, s.over, s.dropped = 0, 0, 0 // what came before the ban was paid for with it
	}
	var ok bool
	if s.full, ok = set.pace.take(s.full, now, 0); ok {
		return Pass
	}
	if s.over == 0 || now-s.drop > lull {
		s.over, s.dropped = now, 0
	}
	s.drop = now
	s.dropped++
	if now-s.over <= set.above || set.above <= 0 || set.ban <= 0 {
		return Over
	}
	s.until = now + set.ban
	return Caught
}

// Ban is a source from which nothing passes for a time.
type Ban struct {
	Source  netip.Prefix // an IPv4 /32 or an IPv6 /64
	Until   time.Time
	Dropped int // messages so far, those that brought the ban on included
}

// Bans lists the bans in force, in no particular order.
func (s *Sources) Bans(now time.Time) iter.Seq[Ban] {
	return func(yield func(Ban) bool) {
		t := s.load().table
		if t == nil {
			return
		}
		m := at(now)
		for k, src := range t.all() {
			if src.until > m && !yield(Ban{k.prefix(), now.Add(time.Duration(src.until - m)), int(src.dropped)}) {
				return
			}
		}
	}
}

// Unban ends the ban of a source and forgets what led to it. False: there was none.
func (s *Sources) Unban(now time.Time, ip netip.Addr) bool {
	t := s.load().table
	if t == nil {
		return false
	}
	sh, src := t.locked(keyOf(ip), false)
	if src == nil {
		return false
	}
	defer sh.mu.Unlock()
	was := src.until > at(now)
	*src = source{seen: src.seen}
	return was
}

// Begun is how many bans there were since the start, those lifted included.
func (s *Sources) Begun() uint64 { return s.begun.Load() }

// Tracked is how many sources are known now, never more than Max.
func (s *Sources) Tracked() int {
	if t := s.load().table; t != nil {
		return t.len()
	}
	return 0
}
