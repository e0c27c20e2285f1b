package cluster

import (
	"time"

	"twinhop/gateway/cluster/recovery"
)

// Recovery says how the failures of HTTP traffic are held against a pool
// member. A pool without it leaves that to the health of its nodes.
type Recovery = recovery.Rules

// The defaults of mod_jk.
const (
	DefaultRecoverTime = recovery.DefaultTime // recover_time
	DefaultMaintain    = time.Minute          // worker.maintain
)

// State is how a pool member stands with its HTTP traffic.
type State = recovery.State

// The states.
const (
	StateIdle       = recovery.Idle
	StateOK         = recovery.OK
	StateRecovering = recovery.Recovering
	StateForced     = recovery.Forced
	StateBusy       = recovery.Busy
	StateError      = recovery.Error
	StateProbing    = recovery.Probing
)

// State returns how the member stands with its HTTP traffic.
func (m *Member) State() State {
	s := m.Load.recovery.State()
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
func (m *Member) broken() bool { return m.Load.recovery.State() == StateError }

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
		if m.Forceable(HTTP) && m.Load.recovery.Turn(StateError, StateForced) {
			any = true
		}
	}
	return any
}

// Recover lets the next request try a member in error; false when it is not
// in error (jkstatus cmd=recover).
func (m *Member) Recover() bool { return m.Load.recovery.Turn(StateError, StateRecovering) }

// Given tells that a request was given to the member. One that recovers gets
// no other until Judge.
func (m *Member) Given() { m.Load.recovery.Turn(StateRecovering, StateProbing) }

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
	switch s {
	case Good, ClientLeft:
		return l.Answered()
	case Unfit:
		return l.Failed(now)
	case Slow:
		if n := m.Load.ReplyTimeouts.Add(1); n > int64(rules.MaxReplyTimeouts) {
			return l.Failed(now)
		}
	case Refused, Failed:
		return l.Broke(rules, now, m.Load.Busy.Load() <= 0)
	}
	return l.Ended()
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
	for old := m.Load.ReplyTimeouts.Load(); old > 0 && !m.Load.ReplyTimeouts.CompareAndSwap(old, old>>min(n, 62)); {
		old = m.Load.ReplyTimeouts.Load()
	}
	return m.Load.recovery.Maintain(rules, now, m.Load.Elected.Load())
}

// ErrorAt is when the member was last put in error and has not answered
// since; zero when it has.
func (l *MemberLoad) ErrorAt() time.Time { return l.recovery.ErrorAt() }

// Recovers returns how long the member is still left alone: from the least to
// the most, depending on when maintenance comes; 0 when it is not in error.
func (m *Member) Recovers(now time.Time) (least, most time.Duration) {
	if rules := m.Pool.Recovery; rules != nil && m.broken() {
		least = max(rules.After()-now.Sub(m.Load.ErrorAt()), 0)
		return least, least + m.Pool.Maintain
	}
	return 0, 0
}
