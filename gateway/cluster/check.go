package cluster

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"twinhop/gateway/cluster/latency"
	"twinhop/gateway/cluster/passive"
)

// Sign is what traffic tells about a service of a node. A client that went
// away is no sign and is never reported.
type Sign uint8

// The signs.
const (
	Good    Sign = iota // the node answered
	Refused             // nothing reached it: connection refused, ICMP unreachable
	Failed              // something was sent and no good answer came: timeout, reset
	// Answered is said of a node that cannot be used and yet went on with what it had been given before, beyond forgery. What was held up
	// or is choked does that, too: it raises nothing, but it is a reason to probe now.
	Answered
	// Repeated is said of a node when a request to it was repeated and nothing came from it meanwhile: a doubt, which a probe settles. Where
	// nobody probes it says nothing.
	Repeated
	// The rest only matters to pools with Recovery (Registry.Judge).
	Slow       // no answer in time (reply_timeout)
	Unfit      // it answered with a status that means it is broken (fail_on_status)
	Useless    // what it answered could not be used, or it had no room; nothing is held against it
	ClientLeft // the client went away, or sent nonsense
)

// String returns the word used in logs and the API.
func (s Sign) String() string {
	switch s {
	case Good:
		return "good"
	case Refused:
		return "refused"
	case Failed:
		return "failed"
	case Answered:
		return "answered"
	case Repeated:
		return "repeated"
	case Slow:
		return "no answer in time"
	case Unfit:
		return "status of a broken node"
	case Useless:
		return "no usable answer"
	case ClientLeft:
		return "client left"
	}
	return "unknown"
}

// Result is the outcome of one probe.
type Result struct {
	OK     bool
	Void   bool          // it says nothing, whatever OK is
	Code   int           // status of the answer, 0 when there was none
	Detail string        // for people: what went wrong
	Took   time.Duration // until the answer, or until giving up
}

// Prober asks one service of a node for a sign of life. It returns soon after
// ctx is done, and its answer is then ignored.
type Prober interface {
	Probe(ctx context.Context, n *Node) Result
}

// Record is what is known about one service of one node.
type Record struct {
	State   Health
	Since   time.Time // of State; zero when there never was another one
	OK      int       // successful probes in a row
	Fail    int       // failed probes in a row
	Signs   int       // bad signs from traffic in a row
	Last    Result    // of the last probe
	At      time.Time // of the last probe; zero: never probed
	Next    time.Time // of the next probe or of the next try with traffic; zero: none is planned
	Changes int       // of State, ever
	Why     string    // of the last change, for people
}

// maxSigns bad signs in a row from traffic make a node down at once: refused
// connections always, other failures only where nobody probes.
const maxSigns = 3

// Check is the living record of one service of one node. The zero Check is
// Unknown.
type Check struct {
	state atomic.Uint32
	quiet atomic.Bool // no bad sign is remembered: the good ones of busy traffic cost one load
	once  sync.Once
	wake  chan struct{}

	mu      sync.Mutex
	rec     Record
	refused int // of rec.Signs
	traffic passive.Signs
	falls   int // times it went down without having been up for long in between
	misses  int // failed probes in a row that nobody but the clock asked for, while down
	took    latency.Histogram
}

// Health returns the present state. It takes no lock.
func (c *Check) Health() Health { return Health(c.state.Load()) }

// Record returns a copy of everything known.
func (c *Check) Record() Record {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.rec
	r.State = c.Health()
	return r
}

// kicked is where the goroutine that looks after the check waits.
func (c *Check) kicked() chan struct{} {
	c.once.Do(func() { c.wake = make(chan struct{}, 1) })
	return c.wake
}

func (c *Check) kick() {
	select {
	case c.kicked() <- struct{}{}:
	default: // a kick is waiting already
	}
}

// change is one change of state; was == is means that there was none.
type change struct {
	was, is Health
	why     string
}

// become sets the state. The lock is held.
func (c *Check) become(h Health, why string) change {
	was := c.Health()
	if was != h {
		switch {
		case h == Down:
			c.fell()
		case was == Down:
			c.traffic.Rose()
		}
		c.rec.Since, c.rec.Why = time.Now(), why
		c.rec.Changes++
		c.state.Store(uint32(h))
	}
	return change{was, h, why}
}

// The damping of a node that comes and goes.
const (
	steady   = 2 * time.Minute // up for so long, a node is as good as new
	patience = 2 * time.Second // a node that fell twice stays away for this long; each further fall doubles it
	mostAway = time.Minute
)

// fell notes one more fall. The lock is held; the state is still the one before.
func (c *Check) fell() {
	if !c.rec.Since.IsZero() && time.Since(c.rec.Since) >= steady {
		c.falls = 0
	}
	c.falls++
}

// away is how long a node that fell stays down, whatever it says: not at all
// for the first time, longer and longer for one that comes and goes. The lock
// is held.
func (c *Check) away() time.Duration {
	if c.falls < 2 {
		return 0
	}
	return min(patience<<min(c.falls-2, 10), mostAway)
}

// forgive forgets the bad signs of traffic. The lock is held.
func (c *Check) forgive() {
	c.rec.Signs, c.refused = 0, 0
	c.quiet.Store(true)
}

// sign takes a sign from traffic. probed tells that somebody probes the
// service, so that a doubt can be settled by a probe at once.
func (c *Check) sign(s Sign, probed bool) change {
	h := c.Health()
	if s == Good && h == Up && c.quiet.Load() {
		return change{is: h, was: h}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	h = c.Health()
	if h == Down || s == Answered || s == Repeated && !probed {
		return change{is: h, was: h} // a late answer of a dying node does not raise it
	}
	if s == Good {
		c.forgive()
		if h == Unknown || h == Recovering && !probed {
			return c.become(Up, "traffic was answered")
		}
		return change{is: h, was: h}
	}
	c.quiet.Store(false)
	c.rec.Signs++
	if s == Refused {
		c.refused++
	} else {
		c.refused = 0
	}
	switch {
	case s == Repeated:
	case h == Recovering:
		return c.become(Down, "failed again with traffic")
	case c.refused >= maxSigns:
		return c.become(Down, "connections were refused")
	case !probed && c.rec.Signs >= maxSigns:
		return c.become(Down, "requests failed")
	}
	return change{is: h, was: h}
}

// probed takes the result of a probe, unless ctx is done: then the probe was
// switched off meanwhile and its answer is nobody's.
func (c *Check) probed(ctx context.Context, r Result, s Schedule) change {
	c.mu.Lock()
	defer c.mu.Unlock()
	h := c.Health()
	if ctx.Err() != nil {
		return change{is: h, was: h}
	}
	c.rec.Last, c.rec.At = r, time.Now()
	c.took.Add(r.Took)
	if r.Void {
		return change{is: h, was: h}
	}
	if r.OK {
		c.rec.OK, c.rec.Fail = c.rec.OK+1, 0
		c.forgive()
		switch {
		case h == Down && time.Since(c.rec.Since) < c.away():
			return change{is: h, was: h}
		case h == Unknown, h == Recovering && c.rec.OK >= s.Rise, h == Down && s.Rise == 1:
			return c.become(Up, "probe answered")
		case h == Down:
			return c.become(Recovering, "probe answered")
		}
		return change{is: h, was: h}
	}
	c.rec.OK, c.rec.Fail = 0, c.rec.Fail+1
	// Two observations of different kinds outweigh the threshold, and of a
	// node that never answered there is nothing good to remember.
	if h == Unknown || h == Recovering || c.rec.Signs > 0 || c.rec.Fail >= s.Fall {
		return c.become(Down, "probe failed: "+r.Detail)
	}
	return change{is: h, was: h}
}

// recover gives a node that nobody probes another chance with traffic, once
// it has been down for long enough. It returns how long to wait still.
func (c *Check) recover(ctx context.Context, after time.Duration) (change, time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	h := c.Health()
	none := change{is: h, was: h}
	if ctx.Err() != nil || h != Down {
		c.rec.Next = time.Time{}
		return none, 0
	}
	after = max(after, c.away())
	if left := time.Until(c.rec.Since.Add(after)); left > 0 {
		c.rec.Next = c.rec.Since.Add(after)
		return none, left
	}
	c.rec.Next = time.Time{}
	c.forgive()
	return c.become(Recovering, "tried again after a while"), 0
}

func (c *Check) plan(next time.Time) {
	c.mu.Lock()
	c.rec.Next = next
	c.mu.Unlock()
}

// The back-off of probes of a node that stays down.
const (
	eager   = 6 // so many probes of a node that is down go at the usual pace
	mostOff = 6 // then each waits twice as long as the one before, up to so many intervals
)

// off is how many intervals the next probe waits. asked: this one was asked
// for, by traffic or an operator, and the next ones are eager again.
func (c *Check) off(asked bool) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.misses++; asked || c.Health() != Down || c.rec.Fail == 0 {
		c.misses = 0
	}
	return time.Duration(min(1<<min(max(c.misses-eager+1, 0), 10), mostOff))
}

// doubtful tells that the next probe should not wait for its turn.
func (c *Check) doubtful() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	h := c.Health()
	return h == Recovering || h != Down && (c.rec.Fail > 0 || c.rec.Signs > 0)
}
