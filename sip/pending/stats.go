package pending

// Cause is why an INVITE left a node.
type Cause uint8

// The causes.
const (
	Unreached Cause = iota // nothing reached it, or its connection broke
	Silent                 // it did not answer at all
	Stalled                // nothing followed its 100
	Unwilling              // it refused with a code of failover
	Down                   // it was seen to be down
	causes
)

var causeNames = [causes]string{"unreached", "silent", "stalled", "refused", "down"}

// String returns the word used in metrics.
func (c Cause) String() string { return causeNames[min(c, causes-1)] }

// Stats are counts since the table was made, but for Live.
type Stats struct {
	Live       int              // INVITEs known now
	Opened     uint64           // INVITEs taken in
	Stateless  uint64           // INVITEs not taken in because the table was full
	Left       map[Cause]uint64 // times a node was left, the last one included
	Own        map[Own]uint64   // answers of our own but for repetitions of final ones; every 100
	Repeated   uint64           // repetitions of INVITEs by callers
	Resent     uint64           // repetitions of INVITEs by us
	Reanswered uint64           // repetitions of our own final answers
	Cancelled  uint64           // INVITEs cancelled by their callers
	Withdrawn  uint64           // attempts cancelled by us, for whatever reason
	Expired    uint64           // INVITEs that rang for too long (timer C)
	Hurried    uint64           // refused INVITEs forgotten at once because the table was half full
	Late       uint64           // attempts accepted after they were left
	Second     uint64           // attempts accepted after a final answer went up
}

// tally are the counts of one stripe.
type tally struct {
	opened, stateless, repeated, resent, answers, cancelled, withdrawn, expired, hurried, late, second, hundreds uint64
	left                                                                                                         [causes]uint64
	timedOut, terminated, unavailable                                                                            uint64
	took                                                                                                         [answerClasses]Durations
}

func (t *tally) failed(c Cause) { t.left[c]++ }

func (t *tally) own(o Own) {
	switch o {
	case TimedOut:
		t.timedOut++
	case Terminated:
		t.terminated++
	case Unavailable:
		t.unavailable++
	}
}

// Stats returns the counts of now.
func (t *Table) Stats() Stats {
	all := Stats{Left: make(map[Cause]uint64, causes), Own: make(map[Own]uint64, 4)}
	for i := range t.all {
		s := &t.all[i]
		s.mu.Lock()
		n := s.tally
		all.Live += s.live
		s.mu.Unlock()
		all.Opened += n.opened
		all.Stateless += n.stateless
		all.Repeated += n.repeated
		all.Resent += n.resent
		all.Reanswered += n.answers
		all.Cancelled += n.cancelled
		all.Withdrawn += n.withdrawn
		all.Expired += n.expired
		all.Hurried += n.hurried
		all.Late += n.late
		all.Second += n.second
		for c := range causes {
			all.Left[c] += n.left[c]
		}
		all.Own[Trying] += n.hundreds
		all.Own[TimedOut] += n.timedOut
		all.Own[Terminated] += n.terminated
		all.Own[Unavailable] += n.unavailable
	}
	return all
}
