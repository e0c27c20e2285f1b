package trace

import (
	"sync/atomic"

	"twinhop/gateway"
)

// maxRules bounds the rules that are counted apart; the list of rules is
// closed and shorter.
const maxRules = 64

// tally counts. Both doors have their own counters, so that they do not share
// a cache line.
type tally struct {
	doors   [2]door
	moves   [maxRules]atomic.Uint64
	refused atomic.Uint64
	evicted atomic.Uint64
	lost    atomic.Uint64
}

type door struct {
	rules  [maxRules]atomic.Uint64
	failed atomic.Uint64
	begun  atomic.Uint64
	_      [64]byte
}

func (t *tally) decided(proto int, r gateway.Rule, failed bool) {
	d := &t.doors[proto]
	d.rules[r%maxRules].Add(1)
	if failed {
		d.failed.Add(1)
	}
}

// learned counts what a node begins. Its answers, the cookies it sets among
// them, belong to requests that were counted when they came.
func (t *tally) learned(proto int, k gateway.Kind) {
	if proto == 1 && k == gateway.Open {
		t.doors[proto].begun.Add(1)
	}
}

func (t *tally) moved(why gateway.Rule) { t.moves[why%maxRules].Add(1) }

// Counts are totals since the start of the process. Maps are keyed by rule and
// hold only what happened.
type Counts struct {
	HTTP, SIP Decisions
	Moves     map[gateway.Rule]uint64 // by cause
	Refused   uint64                  // updates of timelines that found no room
	Evicted   uint64                  // timelines dropped to make room
	Lost      uint64                  // events that are in no timeline: overwritten before they were collected, or of sessions not followed under load
	Bytes     int64                   // held by rings and timelines now
}

// Decisions counts the decisions at one door.
type Decisions struct {
	Total, Failed uint64
	Begun         uint64 // requests that nodes began: nothing is decided about them
	Rules         map[gateway.Rule]uint64
}

// Counts returns the totals.
func (l *Log) Counts() Counts {
	t := &l.tally
	c := Counts{HTTP: t.doors[0].counts(), SIP: t.doors[1].counts(), Moves: map[gateway.Rule]uint64{},
		Refused: t.refused.Load(), Evicted: t.evicted.Load(), Lost: t.lost.Load(), Bytes: l.bytes()}
	for _, r := range gateway.Rules() {
		if n := t.moves[r%maxRules].Load(); n > 0 {
			c.Moves[r] = n
		}
	}
	return c
}

func (d *door) counts() Decisions {
	c := Decisions{Failed: d.failed.Load(), Begun: d.begun.Load(), Rules: map[gateway.Rule]uint64{}}
	for _, r := range gateway.Rules() {
		if n := d.rules[r%maxRules].Load(); n > 0 {
			c.Rules[r] = n
			c.Total += n
		}
	}
	return c
}
