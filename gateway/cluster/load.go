package cluster

import (
	"sync/atomic"
	"time"

	"twinhop/gateway/cluster/capacity"
	"twinhop/gateway/cluster/pace"
	"twinhop/gateway/cluster/recovery"
)

// MemberLoad is what is counted per member. It is carried from View to View
// by pool and node name.
type MemberLoad struct {
	Elected       atomic.Int64 // times chosen by an algorithm, or followed by a session
	Sessions      atomic.Int64 // new sessions given to it
	Busy          atomic.Int64 // HTTP requests running on it now
	Calls         atomic.Int64 // SIP calls that the book of calls holds for it
	MaxBusy       atomic.Int64 // the most that ever ran at a time
	Errors        atomic.Int64 // messages it failed or refused
	ClientErrors  atomic.Int64 // HTTP requests whose clients went away or sent nonsense
	ReplyTimeouts atomic.Int64 // answers that came too late; halved by maintenance
	Read, Sent    atomic.Int64 // bytes of HTTP from the node and to it
	Value         atomic.Int64 // what the algorithm counts (mod_jk's lbvalue)

	start     pace.Start
	recovery  recovery.Machine
	resources capacity.Load
	reset     atomic.Int64 // when Reset was called, in Unix nanoseconds; 0: never
}

// Begin counts one more running request.
func (l *MemberLoad) Begin() { raise(&l.MaxBusy, l.Busy.Add(1)) }

// Reset sets the counters to zero and forgets what was held against the
// member (jkstatus cmd=reset). What runs goes on counting.
func (l *MemberLoad) Reset(now time.Time) {
	for _, c := range []*atomic.Int64{&l.Elected, &l.Sessions, &l.Errors, &l.ClientErrors, &l.ReplyTimeouts, &l.Read, &l.Sent, &l.Value} {
		c.Store(0)
	}
	l.MaxBusy.Store(l.Busy.Load())
	l.reset.Store(now.UnixNano())
	l.recovery.Reset()
}

// ResetAt is when Reset was last called, or zero.
func (l *MemberLoad) ResetAt() time.Time { return instant(&l.reset) }

// PoolLoad is what is counted per pool. It is carried from View to View by
// name.
type PoolLoad struct {
	Busy, MaxBusy atomic.Int64 // HTTP requests that run now, and the most at a time

	maintained pace.Rhythm
	reset      atomic.Int64
}

// Begin counts one more running request.
func (l *PoolLoad) Begin() { raise(&l.MaxBusy, l.Busy.Add(1)) }

// Reset sets the counters of the pool to zero, not those of its members.
func (l *PoolLoad) Reset(now time.Time) {
	l.MaxBusy.Store(l.Busy.Load())
	l.reset.Store(now.UnixNano())
}

// ResetAt is when Reset was last called, or zero.
func (l *PoolLoad) ResetAt() time.Time { return instant(&l.reset) }

// MaintainedAt is when maintenance last came, or zero.
func (l *PoolLoad) MaintainedAt() time.Time { return l.maintained.Last() }

func raise(most *atomic.Int64, n int64) {
	for old := most.Load(); n > old && !most.CompareAndSwap(old, n); {
		old = most.Load()
	}
}

func instant(unixNano *atomic.Int64) time.Time {
	if n := unixNano.Load(); n != 0 {
		return time.Unix(0, n)
	}
	return time.Time{}
}
