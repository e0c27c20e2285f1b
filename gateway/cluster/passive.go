package cluster

import (
	"fmt"
	"sync/atomic"
	"time"
)

// Passive says what of its traffic besides failures makes a node down. The
// zero Passive looks at nothing.
type Passive struct {
	// Limit answers with one of Codes make a node down, if no more than Within
	// passed between one and the next; another answer does not end the row.
	// 0: they mean nothing.
	Codes  Codes
	Limit  int
	Within time.Duration // 0: however long
	// Requests sent to a node from which nothing came back, and has not for
	// Silence, make it down. 0: silence means nothing.
	Requests int
	Silence  time.Duration
}

// Codes is a set of status codes up to 703.
type Codes [11]uint64

// CodesOf returns the set of the codes; those beyond are left out.
func CodesOf(list ...int) (c Codes) {
	for _, code := range list {
		if code >= 0 && code < 64*len(c) {
			c[code/64] |= 1 << (code % 64)
		}
	}
	return c
}

// Has tells whether a code is in the set.
func (c *Codes) Has(code int) bool {
	return code >= 0 && code < 64*len(c) && c[code/64]>>(code%64)&1 == 1
}

// on tells whether there is anything to look at.
func (p *Passive) on() bool { return p.Limit > 0 || p.Requests > 0 }

// passive is what traffic told of one service, while somebody wants to know.
type passive struct {
	unanswered atomic.Int64 // requests since the last answer
	asked      atomic.Int64 // when the first of them was sent, in Unix nanoseconds

	// Under the mutex of the Check.
	errors int
	last   time.Time // of them
}

// Sent notes that a request that will be answered was sent to a service.
func (r *Registry) Sent(n *Node, s Service) {
	v := r.View()
	rules := v.schedule(n, s).Passive
	c := n.Check(s)
	if rules.Requests <= 0 || c == nil {
		return
	}
	now := time.Now()
	if c.traffic.unanswered.Load() == 0 { // silence begins with a question: who was asked nothing is not silent
		c.traffic.asked.Store(now.UnixNano())
	}
	if c.traffic.unanswered.Add(1) <= int64(rules.Requests) || now.Sub(time.Unix(0, c.traffic.asked.Load())) < rules.Silence {
		return
	}
	r.fell(v, n, s, fmt.Sprintf("%d requests and no answer for %s", rules.Requests, rules.Silence))
}

// Heard notes a final answer of a service.
func (r *Registry) Heard(n *Node, s Service, code int) {
	v := r.View()
	rules := v.schedule(n, s).Passive
	c := n.Check(s)
	if !rules.on() || c == nil {
		return
	}
	if rules.Requests > 0 {
		c.traffic.unanswered.Store(0)
	}
	if rules.Limit <= 0 || !rules.Codes.Has(code) || !c.erred(rules) {
		return
	}
	r.fell(v, n, s, fmt.Sprintf("%d answers like %d", rules.Limit, code))
}

// erred counts an answer that is an error and tells whether it was one too
// many.
func (c *Check) erred(rules Passive) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	now, t := time.Now(), &c.traffic
	if rules.Within > 0 && now.Sub(t.last) > rules.Within {
		t.errors = 0
	}
	t.last = now
	t.errors++
	if t.errors < rules.Limit {
		return false
	}
	t.errors = 0
	return true
}

// fell makes a service down for what its traffic told.
func (r *Registry) fell(v *View, n *Node, s Service, why string) {
	c := n.Check(s)
	c.mu.Lock()
	ch := change{was: c.Health(), is: Down}
	if ch.was != Down {
		ch = c.become(Down, why)
	}
	c.traffic.unanswered.Store(0)
	c.mu.Unlock()
	if ch.was != ch.is && v.checks(c, n.Name, s) {
		r.healthChanged(n.Name, s, ch)
		c.kick()
	}
}
