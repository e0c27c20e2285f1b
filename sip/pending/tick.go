package pending

import (
	"time"

	"twinhop/gateway"
)

// Tick does what became due. It is called every 10 or 20 ms; it costs next to nothing while nothing is due, and holds one stripe at a time.
func (t *Table) Tick(now time.Time, st Stage) {
	at := t.since(now)
	for i := range t.due {
		if t.due[i].Load() <= at {
			t.tick(t.turn(now, Key(i), st), i)
		}
	}
}

func (t *Table) tick(c turn, i int) {
	defer c.s.mu.Unlock()
	for x := c.s.wheel.take(c.now); x != nil; {
		after := x.after
		x.after = nil
		c.gone = false
		c.due(x)
		c.schedule(x)
		x = after
	}
	t.due[i].Store(c.s.wheel.soonest())
}

// due does what is to be done for one INVITE by now.
func (c *turn) due(x *Invite) {
	if x.deadline <= c.now {
		if c.over(x); c.gone {
			return
		}
	}
	if x.unheard <= c.now {
		c.hundred(x)
	}
	if x.again <= c.now {
		c.repeat(x)
	}
	if x.pull <= c.now {
		c.pull(x)
	}
}

// over ends what the deadline was for.
func (c *turn) over(x *Invite) {
	mute, last := x.open() && x.marks[x.current]&provisional == 0, timerC
	if mute {
		last = life
	}
	switch {
	case x.state == trying && mute && c.rules.invite > 0:
		c.next(x, gateway.Timeout, Silent)
	case x.state == trying && !mute && c.rules.trying > 0 && !x.cancelled && !x.expired && c.now < later(x.placed, last):
		c.stall(x)
	case x.open() && x.cancelled:
		c.own(x, Terminated)
	case x.state == trying && !x.expired && c.now < later(x.placed, last):
		x.deadline = later(x.placed, last) // the settings have changed
	case mute || x.open() && x.expired:
		c.own(x, TimedOut)
	case x.open():
		x.expired, x.deadline = true, c.after(life)
		c.s.tally.expired++
		c.abandon(x)
	default:
		c.forget(x)
	}
}

// repeat sends the INVITE to the live attempt again, or our own answer to the caller.
func (c *turn) repeat(x *Invite) {
	x.step++
	if x.again = later(x.again, gap(x.step)); x.again <= c.now {
		x.again = c.after(gap(x.step)) // Tick came late: no burst
	}
	if x.state == answered {
		c.s.tally.answers++
		c.stage.Reply(x, x.own)
		return
	}
	c.s.tally.resent++
	c.stage.Repeat(x, int(x.current))
}

// maxPulls repetitions of a CANCEL take 32 s (timer F).
const maxPulls = 10

// pull sends the CANCELs again that were not heard.
func (c *turn) pull(x *Invite) {
	x.pulls++
	if x.pull = c.after(gap(x.pulls)); x.pulls >= maxPulls {
		x.pull = never
	}
	open := false
	for i, m := range x.marks[:x.count] {
		if m&(withdrawn|final|heard|reliable) == withdrawn {
			open = true
			c.stage.Withdraw(x, i)
		}
	}
	if !open {
		x.pull = never
	}
}
