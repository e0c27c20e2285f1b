package gateway

import (
	"errors"

	"twinhop/gateway/cluster"
)

// ErrResource says that no node of the pool has a resource that the call
// takes: what it takes, or what the nodes have, is configured wrongly.
var ErrResource = errors.New("no node has this resource")

// errTaken says that the last of a resource went to another call meanwhile.
var errTaken = errors.New("another call was quicker")

// conclude decides. A call that takes resources gets its node only with all of
// them: where another call was quicker it is decided again, with what is left.
func (u *run) conclude() (Decision, error) {
	if u.Needs == nil || u.Pool == nil {
		return u.decide()
	}
	if !u.Pool.Knows(u.Needs.Resources) {
		return Decision{Rule: NoNode}, ErrResource
	}
	for range 2*len(u.Pool.Members) + 8 {
		d, err := u.decide()
		switch {
		case err == errTaken:
			u = u.again()
			continue
		case err == ErrNoNode && u.Full():
			return Decision{Rule: Busy}, ErrBusy
		}
		return d, err
	}
	return Decision{Rule: Busy}, ErrBusy
}

// again begins the decision anew.
func (u *run) again() *run {
	waits, dry, trail := u.waits, u.dry, u.trail
	u = u.r.begin(u.ctx, u.a)
	u.waits, u.dry, u.trail = waits, dry, trail
	return u
}

// holds finds where the call already has what it takes, for it was seen before.
func (u *run) holds() {
	if u.Needs != nil && u.call.ev != nil && u.r.Book != nil {
		u.Holder = u.r.Book.On(u.call.ev.Key)
	}
}

// reserve takes what the call needs of a member.
func (u *run) reserve(m *cluster.Member) bool {
	if u.Needs == nil || u.dry || u.call.ev == nil || u.r.Book == nil {
		return true
	}
	return u.r.Book.Reserve(u.call.ev.Key, m, u.Needs)
}
