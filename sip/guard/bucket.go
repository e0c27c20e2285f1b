package guard

import "time"

// pace is a bucket's rate and size, in time: a token is worth step, a full bucket full. That makes the state of a bucket one number,
// the moment it is full again; the level now is full less the time until then.
type pace struct{ step, full moment }

const (
	maxRate  = 1e9  // tokens a second: one a nanosecond
	maxBurst = 1e8  // tokens
	century  = 3e18 // no bucket takes longer to fill
)

// newPace makes the pace of rate tokens a second and a bucket for burst; burst 0 is one second's worth. ok is false for a rate of 0: off.
func newPace(rate, burst int) (p pace, ok bool) {
	if rate <= 0 {
		return pace{}, false
	}
	if burst <= 0 {
		burst = rate
	}
	p.step = moment(time.Second) / moment(min(rate, maxRate))
	if p.full = p.step * moment(min(burst, maxBurst)); p.full > century {
		p.full = century
	}
	return p, true
}

// take takes a token from the bucket that is full again at the moment given, and answers when it will be after that. It takes nothing,
// and answers false, when less than keep would remain.
func (p pace) take(full, now, keep moment) (moment, bool) {
	full = min(max(full, now), now+p.full) // more than empty it can only be after a change of settings
	if full+p.step-now > p.full-keep {
		return full, false
	}
	return full + p.step, true
}
