package recovery

import (
	"sync"
	"sync/atomic"
	"time"
)

// Rules say how failures are held against a member, in mod_jk's words.
type Rules struct {
	// Time is how long a member in error is left alone (recover_time); the
	// first maintenance after it lets one request try. 0: DefaultTime.
	Time time.Duration
	// Escalation (error_escalation_time): a connection that fails while other
	// requests run on the member puts it in error only when none succeeded
	// for this long; till then it counts for that request alone. 0: at once.
	Escalation time.Duration
	// MaxReplyTimeouts are borne before a member is in error
	// (max_reply_timeouts); maintenance halves their count.
	MaxReplyTimeouts int
}

// DefaultTime is mod_jk's recover_time.
const DefaultTime = time.Minute

// After is how long a member in error is left alone.
func (r *Rules) After() time.Duration {
	if r.Time <= 0 {
		return DefaultTime
	}
	return r.Time
}

// State is how a pool member stands with its HTTP traffic. The numbers and
// the texts are mod_jk's: up to Forced it may be used.
type State uint8

// The states.
const (
	Idle       State = iota // nothing was sent to it since the last maintenance
	OK                      // the last request was answered
	Recovering              // was in error long enough: the next request tries it
	Forced                  // is in error and tried all the same, for nobody else is left
	Busy                    // has as many requests as it may have
	Error                   // failed, and is left alone
	Probing                 // was recovering and has a request now: no other goes there till it is answered
)

var names = [...]string{"OK/IDLE", "OK", "ERR/REC", "ERR/FRC", "OK/BUSY", "ERR", "ERR/PRB"}

// String returns mod_jk's text.
func (s State) String() string { return names[min(int(s), len(names)-1)] }

// Machine is the state of a member and what led to it. The zero Machine is
// Idle. All methods are safe for concurrent use and return the state before
// and after.
type Machine struct {
	state atomic.Uint32 // never Busy, which is looked up
	doubt atomic.Bool   // localAt is set: without it a success costs two loads

	mu      sync.Mutex
	errorAt time.Time // when it was put in error; zero once it answered again
	localAt time.Time // of the first failure that counted for its own request only; zero: none since a success
	elected int64     // how often it had been chosen at the last Maintain
}

// State returns the present state, never Busy. It takes no lock.
func (m *Machine) State() State { return State(m.state.Load()) }

// Turn makes one state another; false when it is not that one.
func (m *Machine) Turn(from, to State) bool { return m.state.CompareAndSwap(uint32(from), uint32(to)) }

// Answered forgets whatever was held against the member.
func (m *Machine) Answered() (was, is State) {
	if was = m.State(); was == OK && !m.doubt.Load() {
		return was, was
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.errorAt, m.localAt = time.Time{}, time.Time{}
	m.doubt.Store(false)
	return State(m.state.Swap(uint32(OK))), OK
}

// Failed puts the member in error.
func (m *Machine) Failed(now time.Time) (was, is State) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.fail(now)
}

// fail puts the member in error. The lock is held.
func (m *Machine) fail(now time.Time) (was, is State) {
	m.errorAt = now
	return State(m.state.Swap(uint32(Error))), Error
}

// Broke notes that a connection failed. alone: no other request runs on the
// member.
func (m *Machine) Broke(r *Rules, now time.Time, alone bool) (was, is State) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if alone || r.Escalation == 0 || !m.localAt.IsZero() && now.Sub(m.localAt) >= r.Escalation {
		return m.fail(now)
	}
	if m.localAt.IsZero() {
		m.localAt = now
		m.doubt.Store(true)
	}
	return m.ended()
}

// Ended notes that a request ended of which nothing is held against the
// member: who was probing may be tried by the next one.
func (m *Machine) Ended() (was, is State) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.ended()
}

func (m *Machine) ended() (was, is State) {
	if m.Turn(Probing, Recovering) {
		return Probing, Recovering
	}
	was = m.State()
	return was, was
}

// Maintain lets time pass: who was in error long enough may be tried, doubts
// that nothing settled become errors. elected is how often the member was ever
// chosen.
func (m *Machine) Maintain(r *Rules, now time.Time, elected int64) (was, is State) {
	m.mu.Lock()
	defer m.mu.Unlock()
	idle := elected == m.elected
	m.elected = elected
	switch s := m.State(); {
	case s == Error && now.Sub(m.errorAt) >= r.After():
		m.Turn(s, Recovering)
		return s, Recovering
	case s <= Forced && !m.localAt.IsZero() && now.Sub(m.localAt) >= r.Escalation:
		return m.fail(now)
	case s == OK && idle:
		m.Turn(s, Idle)
		return s, Idle
	default:
		return s, s
	}
}

// ErrorAt is when the member was last put in error and has not answered
// since; zero when it has.
func (m *Machine) ErrorAt() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.errorAt
}

// Reset makes it Idle, and forgets everything.
func (m *Machine) Reset() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.errorAt, m.localAt, m.elected = time.Time{}, time.Time{}, 0
	m.doubt.Store(false)
	m.state.Store(uint32(Idle))
}
