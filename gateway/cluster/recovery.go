package cluster

import (
	"sync"
	"sync/atomic"
	"time"
)

// Recovery says how the failures of HTTP traffic are held against a pool
// member, in mod_jk's words. A pool without it leaves that to the health of
// its nodes.
type Recovery struct {
	// Time is how long a member in error is left alone (recover_time); the
	// first maintenance after it lets one request try. 0: DefaultRecoverTime.
	Time time.Duration
	// Escalation (error_escalation_time): a connection that fails while other
	// requests run on the member puts it in error only when none succeeded
	// for this long; till then it counts for that request alone. 0: at once.
	Escalation time.Duration
	// MaxReplyTimeouts are borne before a member is in error
	// (max_reply_timeouts); maintenance halves their count.
	MaxReplyTimeouts int
}

// The defaults of mod_jk.
const (
	DefaultRecoverTime = time.Minute // recover_time
	DefaultMaintain    = time.Minute // worker.maintain
)

// State is how a pool member stands with its HTTP traffic. The numbers and
// the texts are mod_jk's: up to StateForced it may be used.
type State uint8

// The states.
const (
	StateIdle       State = iota // nothing was sent to it since the last maintenance
	StateOK                      // the last request was answered
	StateRecovering              // was in error long enough: the next request tries it
	StateForced                  // is in error and tried all the same, for nobody else is left
	StateBusy                    // has as many requests as it may have
	StateError                   // failed, and is left alone
	StateProbing                 // was recovering and has a request now: no other goes there till it is answered
)

var stateNames = [...]string{"OK/IDLE", "OK", "ERR/REC", "ERR/FRC", "OK/BUSY", "ERR", "ERR/PRB"}

// String returns mod_jk's text.
func (s State) String() string { return stateNames[min(int(s), len(stateNames)-1)] }

// recovery is the state of a member and what led to it.
type recovery struct {
	state atomic.Uint32 // never StateBusy, which is looked up
	doubt atomic.Bool   // localAt is set: without it a success costs two loads

	mu      sync.Mutex
	errorAt time.Time // when it was put in error; zero once it answered again
	localAt time.Time // of the first failure that counted for its own request only; zero: none since a success
	elected int64     // MemberLoad.Elected at the last maintenance
}

// State returns how the member stands with its HTTP traffic.
func (m *Member) State() State {
	s := State(m.Load.recovery.state.Load())
	if s <= StateForced && m.full() {
		return StateBusy
	}
	return s
}

// full tells whether the member has as many requests as it may have
// (busy_limit).
func (m *Member) full() bool { return m.BusyLimit > 0 && m.Load.Busy.Load() >= int64(m.BusyLimit) }

// open tells whether the member's traffic lets it take one more request.
func (m *Member) open() bool { return m.State() <= StateForced }

// broken tells whether the member is in error because of its traffic.
func (m *Member) broken() bool { return State(m.Load.recovery.state.Load()) == StateError }

// Forceable tells whether the member could be used but for the errors of its
// traffic.
func (m *Member) Forceable(s Service) bool {
	return s == HTTP && m.broken() && m.Activation != Stopped && m.Has(s) && m.Health(s) != Down && !m.full()
}

// ForceRecovery lets every member in error be tried again, for when no other
// is left. It tells whether there was one.
func (p *Pool) ForceRecovery() bool {
	any := false
	for _, m := range p.Members {
		if m.Forceable(HTTP) && m.Load.recovery.turn(StateError, StateForced) {
			any = true
		}
	}
	return any
}

// Recover lets the next request try a member in error; false when it is not
// in error (jkstatus cmd=recover).
func (m *Member) Recover() bool { return m.Load.recovery.turn(StateError, StateRecovering) }

// Given tells that a request was given to the member. One that recovers gets
// no other until Judge.
func (m *Member) Given() { m.Load.recovery.turn(StateRecovering, StateProbing) }

func (r *recovery) turn(from, to State) bool {
	return r.state.CompareAndSwap(uint32(from), uint32(to))
}

// answered: whatever was held against the member is forgotten.
func (r *recovery) answered() (was, is State) {
	if was = State(r.state.Load()); was == StateOK && !r.doubt.Load() {
		return was, was
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.errorAt, r.localAt = time.Time{}, time.Time{}
	r.doubt.Store(false)
	return State(r.state.Swap(uint32(StateOK))), StateOK
}

// fail puts the member in error. The lock is held.
func (r *recovery) fail(now time.Time) (was, is State) {
	r.errorAt = now
	return State(r.state.Swap(uint32(StateError))), StateError
}

// Judge takes how a request ended on a member of a pool with Recovery. It is
// called after the request stopped counting as running.
func (r *Registry) Judge(m *Member, s Sign) {
	rules := m.Pool.Recovery
	if rules == nil {
		return
	}
	if was, is := m.judge(s, rules, time.Now()); was != is && (is == StateError || was >= StateRecovering) {
		if is == StateOK {
			m.Load.start.Begin(time.Now())
		}
		r.tell(Event{What: StateChanged, Node: m.Name, Pool: m.Pool.Name, StateWas: was, State: is, Why: s.String()})
	}
}

func (m *Member) judge(s Sign, rules *Recovery, now time.Time) (was, is State) {
	l := &m.Load.recovery
	if s == Good || s == ClientLeft {
		return l.answered()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch s {
	case Unfit:
		return l.fail(now)
	case Slow:
		if n := m.Load.ReplyTimeouts.Add(1); n > int64(rules.MaxReplyTimeouts) {
			return l.fail(now)
		}
	case Refused, Failed:
		if m.Load.Busy.Load() <= 0 || rules.Escalation == 0 || !l.localAt.IsZero() && now.Sub(l.localAt) >= rules.Escalation {
			return l.fail(now)
		}
		if l.localAt.IsZero() {
			l.localAt = now
			l.doubt.Store(true)
		}
	}
	if l.turn(StateProbing, StateRecovering) { // the next one may try
		return StateProbing, StateRecovering
	}
	was = State(l.state.Load())
	return was, was
}

// Maintain is mod_jk's maintenance, due once in Pool.Maintain: members that
// were in error long enough may be tried, doubts that nothing settled become
// errors. It calls each for every pool that was due, with the number of
// intervals that have passed and the members that now recover, whose load
// values are to be levelled. Resources that became full are told of.
func (r *Registry) Maintain(now time.Time, each func(p *Pool, intervals int, recovering []*Member)) {
	r.tellFull()
	for _, p := range r.View().Pools {
		n := p.Load.maintained.Due(now, p.Maintain)
		if n == 0 {
			continue
		}
		var recovering []*Member
		if p.Recovery != nil {
			for _, m := range p.Members {
				was, is := m.maintain(p.Recovery, now, n)
				if was != is && is == StateRecovering {
					recovering = append(recovering, m)
				}
				if was != is && max(was, is) >= StateRecovering {
					r.tell(Event{What: StateChanged, Node: m.Name, Pool: p.Name, StateWas: was, State: is, Why: "maintenance"})
				}
			}
			p.rescue()
		}
		each(p, n, recovering)
	}
}

// rescue forces the members in error when no other can be used.
func (p *Pool) rescue() {
	for _, m := range p.Members {
		if m.Usable(HTTP) {
			return
		}
	}
	p.ForceRecovery()
}

func (m *Member) maintain(rules *Recovery, now time.Time, n int) (was, is State) {
	l := &m.Load.recovery
	for old := m.Load.ReplyTimeouts.Load(); old > 0 && !m.Load.ReplyTimeouts.CompareAndSwap(old, old>>min(n, 62)); {
		old = m.Load.ReplyTimeouts.Load()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	elected := m.Load.Elected.Load()
	idle := elected == l.elected
	l.elected = elected
	switch s := State(l.state.Load()); {
	case s == StateError && now.Sub(l.errorAt) >= rules.recoverTime():
		l.turn(s, StateRecovering)
		return s, StateRecovering
	case s <= StateForced && !l.localAt.IsZero() && now.Sub(l.localAt) >= rules.Escalation:
		return l.fail(now)
	case s == StateOK && idle:
		l.turn(s, StateIdle)
		return s, StateIdle
	default:
		return s, s
	}
}

func (r *Recovery) recoverTime() time.Duration {
	if r.Time <= 0 {
		return DefaultRecoverTime
	}
	return r.Time
}

// ErrorAt is when the member was last put in error and has not answered
// since; zero when it has.
func (l *MemberLoad) ErrorAt() time.Time {
	l.recovery.mu.Lock()
	defer l.recovery.mu.Unlock()
	return l.recovery.errorAt
}

// Recovers returns how long the member is still left alone: from the least to
// the most, depending on when maintenance comes; 0 when it is not in error.
func (m *Member) Recovers(now time.Time) (least, most time.Duration) {
	if rules := m.Pool.Recovery; rules != nil && m.broken() {
		least = max(rules.recoverTime()-now.Sub(m.Load.ErrorAt()), 0)
		return least, least + m.Pool.Maintain
	}
	return 0, 0
}
