package pending

import (
	"time"

	"twinhop/gateway"
	"twinhop/gateway/cluster"
)

// pace starts our repetitions of the INVITE, if the caller makes none and the way to the node loses messages.
func (c *turn) pace(x *Invite) {
	m := x.marks[x.current]
	if x.state != trying || m&(reliable|provisional|final) != 0 || !x.hundred && !x.origin.Stream {
		return
	}
	x.step, x.again = 0, later(x.placed, t1)
	for x.again <= c.now {
		x.step++
		x.again = later(x.again, gap(x.step))
	}
}

// gap is the time before a repetition, 0 the first: T1, doubled up to T2.
func gap(step uint8) int64 { return min(t1<<min(step, 8), t2) }

// place gives the INVITE to the next node that can be reached.
func (c *turn) place(x *Invite) error {
	for x.count < c.rules.attempts && (x.count == 0 || c.now < later(x.born, c.rules.total)) {
		x.current = x.count
		p, err := c.stage.Place(x)
		if p.Decision.Member == nil {
			x.current = x.count - min(x.count, 1)
			if err == nil {
				err = gateway.ErrNoNode
			}
			return err
		}
		x.nodes[x.count], x.decision = p.Decision.Member.Node, p.Decision
		x.count++
		if err != nil {
			x.marks[x.current] = 0
			x.tell(gateway.NotSent)
			c.s.tally.failed(Unreached)
			continue
		}
		x.marks[x.current] = sent
		if p.Stream {
			x.marks[x.current] |= reliable
		}
		x.state, x.placed = trying, c.now
		x.deadline = c.after(c.rules.invite)
		if c.rules.invite == 0 {
			x.deadline = c.after(life)
		}
		c.pace(x)
		return nil
	}
	return gateway.ErrNoNode
}

// next leaves the live attempt, and gives the INVITE to the next node or ends it.
func (c *turn) next(x *Invite, o gateway.Outcome, why Cause) {
	c.s.tally.failed(why)
	x.tell(o)
	x.again = never
	c.abandon(x)
	switch {
	case x.cancelled:
		c.own(x, Terminated)
	case c.place(x) != nil:
		c.own(x, Unavailable)
	}
}

// stall looks for another node in the place of one that has left it at a 100. Where there is none the call stays: that node has it and may
// still ring, and nothing is won by refusing it.
func (c *turn) stall(x *Invite) {
	i, d := x.current, x.decision
	x.decision = gateway.Decision{}
	if c.place(x) != nil {
		x.current, x.decision, x.deadline = i, d, later(x.placed, timerC)
		return
	}
	c.s.tally.failed(Stalled)
	d.Done(gateway.Timeout, gateway.Usage{})
	if x.marks[i]&(final|withdrawn) == 0 {
		c.withdraw(x, int(i))
	}
}

// abandon withdraws the live attempt: now if it has answered with a 1xx, else when it does (RFC 3261 section 9.1).
func (c *turn) abandon(x *Invite) {
	if i := int(x.current); x.marks[i]&(provisional|final|withdrawn) == provisional {
		c.withdraw(x, i)
	}
}

// withdrawAll withdraws every attempt that can be.
func (c *turn) withdrawAll(x *Invite) {
	for i, m := range x.marks[:x.count] {
		if m&(provisional|final|withdrawn) == provisional {
			c.withdraw(x, i)
		}
	}
}

func (c *turn) withdraw(x *Invite, i int) {
	x.marks[i] |= withdrawn
	x.pulls, x.pull = 0, c.after(t1)
	c.s.tally.withdrawn++
	c.stage.Withdraw(x, i)
}

// own gives the final answer in the place of the nodes and repeats it, where it may get lost, until it is acknowledged (RFC 3261
// section 17.2.1). Over a stream it is given once. Either way the INVITE is known for 32 s more.
func (c *turn) own(x *Invite, o Own) {
	c.final(x, int(o))
	x.tell(gateway.Timeout)
	x.silence()
	c.abandon(x)
	x.state, x.own, x.deadline = answered, o, c.after(life)
	if !x.origin.Stream {
		x.step, x.again = 0, c.after(t1)
	}
	c.s.spare.shrink(x, c.s.live)
	c.s.tally.own(o)
	c.stage.Reply(x, o)
}

// Lost is told that an attempt did not reach its node: NotSent, the system or the network says so; Reset, its connection broke. Such word can be
// forged: it leads to another node and nothing else.
func (t *Table) Lost(now time.Time, b Branch, cause gateway.Outcome, st Stage) {
	c := t.turn(now, b.Key, st)
	defer c.s.mu.Unlock()
	if x := c.s.find(b.Key); x != nil && x.state == trying && b.Attempt == int(x.current) {
		c.next(x, cause, Unreached)
		c.schedule(x)
	}
}

// Down leaves the nodes that are down: of those INVITEs for which nothing above 100 went up. A node that rings may have a survivor that answers.
func (t *Table) Down(now time.Time, st Stage, down func(*cluster.Node) bool) {
	for i := range t.all {
		t.leave(t.turn(now, Key(i), st), down)
	}
}

func (t *Table) leave(c turn, down func(*cluster.Node) bool) {
	defer c.s.mu.Unlock()
	for _, x := range c.s.buckets {
		for ; x != nil; x = x.chain {
			if x.state == trying && down(x.nodes[x.current]) {
				c.next(x, gateway.Reset, Down)
				c.schedule(x)
			}
		}
	}
}
