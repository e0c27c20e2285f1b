package sip

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"twinhop/gateway"
	"twinhop/gateway/balance"
)

// mixed is one call among many.
type mixed struct {
	memory
	t      *testing.T
	invite []int // its INVITEs, by number among all requests that left
	at     string
	sent   []caught
	seen   map[string]int // final answers that callers got
}

// say gives the gateway a message in short form, from the caller or from the node that the last request went to.
func (c *mixed) say(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	leg, from := "external", client
	if strings.HasPrefix(text, "answer") {
		leg, from = "internal", at(c.at)
	}
	data := c.fill([]byte(text + "\n"))
	before := len(c.s.left)
	c.sent = c.s.in(leg, from, crlf(data))
	c.came(data)
	c.keep(c.sent)
	for _, x := range c.sent {
		if x.leg == "external" && bytes.HasPrefix(x.data, []byte("SIP/2.0 ")) {
			c.seen[string(x.data[8:11])]++
		}
	}
	for i, data := range c.s.left[before:] {
		if bytes.HasPrefix(data, []byte("INVITE ")) {
			c.invite = append(c.invite, before+i+1)
		}
	}
	for _, x := range c.sent {
		if x.leg == "internal" && bytes.HasPrefix(x.data, []byte("INVITE ")) {
			c.at = x.to.String()
		}
	}
}

func (c *mixed) answer(code int) { c.say("answer %d %d b", c.invite[len(c.invite)-1], code) }

// hangUp ends an accepted call; whoever gets the BYE answers it. It tells
// whether anybody did.
func (c *mixed) hangUp(r *rand.Rand) bool {
	n := len(c.s.left)
	c.say("bye")
	for _, x := range c.sent {
		if x.leg == "internal" {
			c.at = x.to.String()
		}
	}
	if len(c.s.left) == n {
		return false // there is nobody left to hear it
	}
	n = len(c.s.left)
	if r.IntN(4) == 0 {
		c.say("answer %d 401", n)
	}
	c.say("answer %d %d", n, []int{200, 481}[r.IntN(2)])
	return true
}

// After ten thousand calls that are answered, refused, cancelled, left alone, tried elsewhere and whose node dies, nothing is in use, and at no
// time was there more than there is.
func TestMixedCallsGiveEverythingBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := setScene(t, "two-port failover capacity=vm:12 default=vm max=100000")
		algorithm, _ := balance.New("resources")
		s.front.Router.Apply(&gateway.Policy{Pools: map[string]gateway.Placement{"default": {SIP: algorithm}}}) // nobody is benched
		r := rand.New(rand.NewPCG(1, 2))
		var open []*mixed
		seen, dead := map[string]int{}, false
		alone := 0 // accepted calls that nobody hangs up, since all was free
		used := func() (n int64) {
			for _, m := range s.registry.View().Pool("default").Members {
				n += m.Load.Used("vm")
			}
			return n
		}
		begin := func(i int) {
			c := &mixed{memory: memory{s: s}, t: t, seen: seen}
			c.say("invite m%d", i)
			if len(c.invite) == 0 {
				return // no room
			}
			kind := r.IntN(12)
			switch {
			case kind < 5:
				if r.IntN(2) == 0 {
					c.answer(180)
				}
				c.answer(200)
				open = append(open, c)
			case kind < 7:
				c.answer(486)
				c.say("ack")
			case kind < 9:
				c.answer(180)
				n := len(s.left)
				c.say("cancel")
				c.say("answer %d 200", n+1)
				c.answer(487)
				c.say("ack")
			case kind < 10:
				if c.answer(503); len(c.invite) > 1 {
					c.answer(200)
					open = append(open, c)
				}
			case r.IntN(8) == 0:
				c.answer(200) // and nothing more is ever heard of it
				alone++
			case r.IntN(4) > 0:
				c.answer(500)
				c.say("ack")
			} // else the node is silent: another one is tried, in vain
		}
		for i := range 10_000 {
			begin(i)
			for len(open) > 0 && (len(open) > 8 || r.IntN(3) == 0) {
				k := r.IntN(len(open))
				if !open[k].hangUp(r) {
					alone++
				}
				open = append(open[:k], open[k+1:]...)
			}
			if i%4 == 0 {
				s.wait(time.Duration(r.IntN(600)) * time.Millisecond)
			}
			if i%100 == 0 {
				s.front.Book.Sweep(time.Now())
				s.front.Book.Lose("nobody")
			}
			if i%500 == 499 { // calls that hang up nowhere must not be all there is
				s.wait(time.Minute) // after which what failed would be held still, had nobody given it back
				s.front.Book.Sweep(time.Now())
				if n := used(); !dead && n != int64(alone+len(open)) {
					t.Fatalf("call %d: %d in use, but %d calls go on and %d were left alone", i, n, len(open), alone)
				}
				time.Sleep(13 * time.Hour)
				s.next = time.Now()
				s.front.Book.Sweep(time.Now())
				open, alone = nil, 0
			}
			for _, m := range s.registry.View().Pool("default").Members {
				if n := m.Load.Used("vm"); n < 0 || n > 12 && !dead { // a survivor may get what the dead one had
					t.Fatalf("call %d: %s has %d in use of 12", i, m.Name, n)
				}
			}
			if i == 8000 {
				s.down("node2")
				dead = true
			}
			if dead {
				s.front.Book.Lose("node2")
			}
		}
		for _, c := range open {
			c.hangUp(r)
		}
		s.wait(time.Minute)
		time.Sleep(13 * time.Hour)
		s.front.Book.Sweep(time.Now())
		s.used("vm", []string{"0", "0"})
		if n := s.front.Book.Total(); n != 0 || s.front.Book.Count("node1")+s.front.Book.Count("node2") != 0 {
			t.Errorf("%d calls are left", n)
		}
		t.Logf("answers: %v", seen)
		for _, code := range []string{"200", "486", "487", "503"} {
			if seen[code] < 100 {
				t.Errorf("this is no mix: %v", seen)
			}
		}
	})
}
