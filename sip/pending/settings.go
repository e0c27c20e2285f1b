package pending

import "time"

// When tells when the gateway answers an INVITE with a 100 of its own.
type When uint8

// The times of a 100.
const (
	Auto   When = iota // 200 ms after the INVITE, unless a 100 has been passed up
	Always             // at once
	Never
)

// Settings are what may change while the table is in use. A duration of 0 does not lead to another node; a node without any answer is then
// left after 32 s (timer B) for good, and one that leaves it at a 100 is treated as if it rang (timer C).
type Settings struct {
	Invite   time.Duration // how long a node may be silent (failover.invite)
	Trying   time.Duration // how long a node may leave it at a 100, from there (failover.trying)
	Total    time.Duration // no other node is tried when so much has passed since the caller's INVITE (failover.total)
	Attempts int           // nodes tried, the first included, up to MaxAttempts; 0: failover is off, a refusal goes up whatever its code (failover.attempts)
	Codes    []int         // refusals that lead to the next node; 300..699 (failover.codes)
	Send100  When          // sendTrying
	Early    bool          // nodes take over each other's early dialogs (failover.dialog); the table only tells it: see Invite.Early
	Max      int           // unanswered INVITEs known at the same time; above it is stateless; 0: 100,000
}

const (
	t1      = int64(500 * time.Millisecond) // RFC 3261 section 17.1.1.1
	t2      = int64(4 * time.Second)
	life    = 64 * t1                       // timers B, F and H, and how long answered INVITEs are known
	timerC  = int64(180 * time.Second)      // section 16.6 item 11
	hundred = int64(200 * time.Millisecond) // section 17.2.1: a 100 within that time
	maximum = 100_000
)

// rules are Settings as the table uses them.
type rules struct {
	off                   bool // nothing new is taken in
	invite, trying, total int64
	attempts              uint8
	when                  When
	early                 bool
	limit                 int64
	codes                 [11]uint64 // a bit for each status
}

func (s Settings) rules() *rules {
	r := &rules{off: s.Attempts <= 0 && s.Send100 == Never, total: never, attempts: 1,
		when: s.Send100, early: s.Early, limit: maximum}
	if s.Max > 0 {
		r.limit = int64(s.Max)
	}
	if s.Attempts <= 0 {
		return r
	}
	r.attempts = uint8(min(s.Attempts, MaxAttempts))
	if s.Invite > 0 {
		r.invite = int64(s.Invite)
	}
	if s.Trying > 0 {
		r.trying = int64(s.Trying)
	}
	if s.Total > 0 {
		r.total = int64(s.Total)
	}
	for _, c := range s.Codes {
		if c >= 300 && c <= 699 {
			r.codes[c>>6] |= 1 << (c & 63)
		}
	}
	return r
}

func (r *rules) replaceable(status int) bool {
	return status >= 300 && status <= 699 && r.codes[status>>6]>>(status&63)&1 == 1
}
