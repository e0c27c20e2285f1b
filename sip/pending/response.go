package pending

import (
	"time"

	"twinhop/gateway"
)

// Answer takes an answer that has our branch. Relay: it goes up, and the front learns from it. Stateless: it goes up as if it was that of
// attempt 0 and nothing is known.
func (t *Table) Answer(now time.Time, b Branch, a Response, st Stage) Verdict {
	c := t.turn(now, b.Key, st)
	defer c.s.mu.Unlock()
	x := c.s.find(b.Key)
	if x == nil {
		return Stateless
	}
	v := c.answer(x, b.Attempt, a)
	c.schedule(x)
	return v
}

func (c *turn) answer(x *Invite, i int, a Response) Verdict {
	switch {
	case i < 0 || i >= int(x.count):
		return c.unknown(x, a)
	case a.Cancel:
		x.marks[i] |= heard
		return Drop
	case a.Status >= 200 && a.Status < 300:
		return c.accepted(x, i)
	case x.state == answered || i != int(x.current):
		return c.abandoned(x, i, a.Status)
	case a.Status < 200:
		return c.provisional(x, a)
	}
	return c.refused(x, a.Status)
}

// unknown takes the answer of an attempt that was made before a restart, or by another gateway.
func (c *turn) unknown(x *Invite, a Response) Verdict {
	if a.Cancel || a.Status < 200 || a.Status >= 300 {
		return Drop
	}
	c.s.tally.late++
	if x.open() {
		c.win(x, foreign)
	} else {
		c.s.tally.second++
	}
	return Relay
}

// provisional takes a 1xx of the live attempt.
func (c *turn) provisional(x *Invite, a Response) Verdict {
	if !x.open() {
		return Drop // overtaken by the final answer
	}
	m := &x.marks[x.current]
	first := *m&provisional == 0
	*m |= provisional
	if x.again = never; x.cancelled {
		c.withdrawAll(x)
	}
	if a.Status == 100 {
		if first && x.state == trying {
			x.deadline = c.after(c.patience(x))
		}
		if x.hundred || x.state == proceeding {
			return Drop
		}
		x.hundred, x.unheard = true, never
		return Relay
	}
	x.dialog = x.dialog || a.Tagged
	switch {
	case x.state == trying:
		x.state, x.unheard = proceeding, never
		x.tell(gateway.OK)
		c.s.spare.shrink(x, c.s.live)
		if !x.expired {
			x.deadline = c.after(c.patience(x))
		}
	case !x.expired && !x.cancelled:
		x.deadline = c.after(c.patience(x))
	}
	return Relay
}

// patience is how long the live attempt may go on after a 1xx.
func (c *turn) patience(x *Invite) int64 {
	d := timerC
	if x.state == trying && c.rules.trying > 0 {
		d = c.rules.trying
	}
	if x.cancelled {
		d = min(d, life)
	}
	return d
}

// accepted takes a 2xx, which always goes up (RFC 3261 section 16.7 item 5). The first final answer wins.
func (c *turn) accepted(x *Invite, i int) Verdict {
	m := &x.marks[i]
	again := *m&agreed != 0
	live := x.state != answered && i == int(x.current)
	*m |= final | agreed
	if !live && !again {
		c.s.tally.late++
	}
	switch {
	case x.open():
		if live {
			x.tell(gateway.OK)
		}
		c.win(x, i)
		return Relay
	case !again:
		c.s.tally.second++
	}
	if x.state == answered {
		x.acked, x.again = true, never // the caller is not told any more what it was told first
	}
	return Relay
}

// foreign stands for an attempt that is not in the record.
const foreign = MaxAttempts

// win ends an INVITE that was accepted. It is forgotten at once, unless another node may still answer or the caller's CANCEL be repeated.
func (c *turn) win(x *Invite, winner int) {
	c.final(x, 200)
	x.decision = gateway.Decision{} // of an attempt that lost the race nothing is known
	x.silence()
	x.state, x.current = accepted, uint8(winner)
	if !x.shared(winner) && !x.cancelled {
		c.s.bury(x.key)
		c.forget(x)
		return
	}
	x.deadline = c.after(life)
	c.withdrawAll(x)
	c.s.spare.shrink(x, c.s.live)
}

// refused takes a 3xx to 6xx of the live attempt.
func (c *turn) refused(x *Invite, status int) Verdict {
	switch {
	case x.state == trying && !x.expired && c.rules.replaceable(status):
		x.marks[x.current] |= final
		c.stage.Acknowledge(x, int(x.current))
		c.next(x, outcome(status), Unwilling)
		return Refused
	case x.open():
		c.final(x, status)
		x.marks[x.current] |= final
		x.silence()
		x.tell(gateway.OK)
		x.state, x.status, x.deadline = refused, int16(status), c.after(life)
		c.settle(x)
		return Relay
	case x.state == refused && x.status == int16(status):
		return Relay // the caller's ACK got lost
	}
	return Drop
}

// settle keeps of a refused INVITE what its ACK and its repetitions need. Where only one node was tried they find it without us as well, so
// in a table that fills up nothing is kept.
func (c *turn) settle(x *Invite) {
	switch {
	case x.count > 1:
		c.s.spare.shrink(x, c.s.live)
	case c.t.live.Load() > c.rules.limit/2:
		c.s.tally.hurried++
		c.forget(x)
	default:
		c.s.spare.free(x, c.s.live)
	}
}

// outcome is what a refusal says of the node.
func outcome(status int) gateway.Outcome {
	switch {
	case status >= 600:
		return gateway.Declined // it speaks of who was called
	case status >= 500 && status != 503:
		return gateway.ServerError
	}
	return gateway.Refused
}

// abandoned takes a 1xx or a refusal of an attempt that was left.
func (c *turn) abandoned(x *Invite, i, status int) Verdict {
	m := &x.marks[i]
	*m |= sent
	if status >= 200 {
		*m |= final
		c.stage.Acknowledge(x, i) // its repetition, too: our ACK got lost
		return Drop
	}
	*m |= provisional
	if *m&(final|withdrawn) == 0 {
		c.withdraw(x, i)
	}
	return Drop
}
