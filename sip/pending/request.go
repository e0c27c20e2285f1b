package pending

import (
	"errors"
	"time"

	"twinhop/gateway/cluster"
)

// Invite takes an INVITE without To tag toward the nodes, the first time and repeated. Handled: it was sent, repeated or answered.
// Stateless: the table is full or switched off, or the INVITE was accepted before.
func (t *Table) Invite(now time.Time, k Key, r Request, st Stage) Verdict {
	if t.live.Load() == 0 && t.rules.Load().off {
		return Stateless
	}
	c := t.turn(now, k, st)
	defer c.s.mu.Unlock()
	if x := c.s.find(k); x != nil {
		x.live = r.Message
		c.repeated(x)
		x.live = nil
		return Handled
	}
	if c.rules.off || c.s.buried(k) {
		return Stateless
	}
	x := c.enter(k, &r)
	if x == nil {
		c.s.tally.stateless++
		return Stateless
	}
	c.s.tally.opened++
	c.begin(x)
	return Handled
}

// begin gives a new INVITE to its first node. What no node has got is answered once and forgotten: that is how a server without state refuses
// (RFC 3261 section 8.2.7), it makes no more of a forged message than one answer, and a repetition may find a node.
func (c *turn) begin(x *Invite) {
	if err := c.place(x); err != nil {
		if !errors.Is(err, ErrAnswered) {
			c.s.tally.own(Unavailable)
			c.final(x, int(Unavailable))
			c.stage.Reply(x, Unavailable)
		}
		c.forget(x)
		return
	}
	switch c.rules.when {
	case Always:
		c.hundred(x)
	case Auto:
		x.unheard = c.after(hundred)
	}
	c.schedule(x)
}

// hundred answers with a 100: from now on the repetitions of the INVITE are ours to make.
func (c *turn) hundred(x *Invite) {
	x.hundred, x.unheard = true, never
	c.s.tally.hundreds++
	c.stage.Reply(x, Trying)
	c.pace(x)
}

// repeated answers the caller's repetition of its INVITE (RFC 3261 section 17.2.1).
func (c *turn) repeated(x *Invite) {
	c.s.tally.repeated++
	switch {
	case x.state == answered && !x.acked:
		c.stage.Reply(x, x.own)
	case x.state == answered: // it was overtaken
	case x.state == trying && x.hundred:
		c.s.tally.hundreds++
		c.stage.Reply(x, Trying)
	case x.current != foreign:
		c.stage.Repeat(x, int(x.current))
	}
}

// Cancel takes the caller's CANCEL, also repeated. Handled: the front answers it 200. Stateless: it is forwarded.
func (t *Table) Cancel(now time.Time, k Key, st Stage) Verdict {
	c := t.turn(now, k, st)
	defer c.s.mu.Unlock()
	x := c.s.find(k)
	if x == nil {
		return Stateless
	}
	if x.cancelled || !x.open() {
		return Handled
	}
	x.cancelled = true
	c.s.tally.cancelled++
	c.withdrawAll(x)
	x.deadline = min(x.deadline, c.after(life)) // RFC 3261 section 9.1: a node that has not answered then will not
	c.schedule(x)
	return Handled
}

// Ack takes an ACK that has the branch of its INVITE, as those of refusals have. Relay: it goes to the attempt named. Drop: it was for our own
// answer, or for none.
func (t *Table) Ack(now time.Time, k Key) (n *cluster.Node, attempt int, v Verdict) {
	c := t.turn(now, k, nil)
	defer c.s.mu.Unlock()
	x := c.s.find(k)
	switch {
	case x == nil:
		return nil, 0, Stateless
	case x.state == refused:
		return x.nodes[x.current], int(x.current), Relay
	case x.state == accepted:
		return nil, 0, Stateless // a caller that acknowledges a 2xx with the branch of its INVITE
	case x.state == answered:
		x.acked, x.again = true, never
	}
	return nil, 0, Drop
}
