package e2e

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// backToBack makes a node connect who calls it with somebody else: it begins a call of its own,
// rings when that rings, answers when that answers, and hangs up when the caller does.
type backToBack struct {
	agent   *agent
	gateway string // where it sends its own calls
	callee  string

	mu    sync.Mutex
	legs  map[string]*call // by Call-ID of the caller's
	fault error
}

func newBackToBack(a *agent, gateway, callee string) *backToBack {
	b := &backToBack{agent: a, gateway: gateway, callee: callee, legs: map[string]*call{}}
	a.play(b.answer)
	return b
}

func (b *backToBack) answer(a *agent, m *message) []*message {
	b.mu.Lock()
	leg, known := b.legs[m.callID()]
	b.mu.Unlock()
	switch {
	case m.method() == "INVITE" && !known:
		b.mu.Lock()
		b.legs[m.callID()] = nil
		b.mu.Unlock()
		go b.connect(m)
		return []*message{a.reply(m, "100 Trying")}
	case m.method() == "INVITE": // repeated
		return nil
	case m.method() == "BYE" && leg != nil:
		go func() {
			if r, err := leg.bye(); err != nil || r.status() != 200 {
				b.failed(fmt.Errorf("BYE of the other leg: %v, %v", r, err))
			}
		}()
	}
	return a.answer(m)
}

// connect calls the callee and passes on what becomes of it.
func (b *backToBack) connect(m *message) {
	leg, err := b.agent.invite(b.gateway, "sip:app@e2e.invalid", b.callee, "")
	if err != nil {
		b.failed(err)
		return
	}
	b.mu.Lock()
	b.legs[m.callID()] = leg
	b.mu.Unlock()
	by := strings.Fields(m.list("Via")[0])[1]
	by, _, _ = strings.Cut(by, ";")
	for i, status := range []string{"180 Ringing", "200 OK"} {
		if i == 0 && len(leg.heard) < 2 {
			b.failed(fmt.Errorf("the callee was heard to say %v", leg.heard))
		}
		_ = b.agent.write(by, b.agent.reply(m, status))
	}
}

func (b *backToBack) failed(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fault = err
}

// A node is a back-to-back user agent, both of whose legs pass the gateway: each answer goes to
// the leg that it belongs to, and so does what either side says later.
func TestBackToBackUserAgent(t *testing.T) {
	modes(t, func(t *testing.T, single bool) {
		w := set(t, stage{Agents: true, Single: single})
		phone, callee := newAgent(t, "phone"), newAgent(t, "callee")
		var nodes [2]*backToBack
		for i := range nodes {
			nodes[i] = newBackToBack(w.agents[i], w.inner(), "sip:callee@"+callee.addr)
		}
		for i := range 4 {
			c := mustCall(t, w, phone, fmt.Sprintf("sip:caller%d@e2e.invalid", i), "sip:service@e2e.invalid")
			if !strings.HasPrefix(c.node, "node") || fmt.Sprint(c.heard) != "[100 180 200]" {
				t.Errorf("the caller heard %v, from %s", c.heard, c.node)
			}
			for _, method := range []string{"INFO", "BYE"} {
				if r, err := c.within(method); err != nil || r.status() != 200 || r.get("X-Node") != c.node {
					t.Errorf("%s: %v, %v", method, r, err)
				}
			}
		}
		eventually(t, 5*time.Second, "the callee's calls end", func() error {
			if in, out := len(callee.calls("INVITE")), len(callee.calls("BYE")); in != 4 || out != 4 {
				return fmt.Errorf("%d began, %d ended", in, out)
			}
			return nil
		})
		for _, b := range nodes {
			b.mu.Lock()
			if b.fault != nil || len(b.legs) != 2 {
				t.Errorf("%s: %v, %d calls", b.agent.name, b.fault, len(b.legs))
			}
			b.mu.Unlock()
		}
		w.calls(t, 0)
	})
}

// A node begins a call and dies before it is answered: what the callee says reaches the other
// node, in whose hands the call is from then on.
func TestCallerNodeDies(t *testing.T) {
	modes(t, func(t *testing.T, single bool) {
		w := set(t, stage{Agents: true, Single: single})
		callerDies(t, w, w.agents, func() {
			w.agents[0].close()
			w.health("node1", "sip", "down")
		}, func() {
			w.agents[0].open(t)
			w.health("node1", "sip", "up")
		})
	})
}

// callerDies has the first node call, and fall and rise in the middle of that.
func callerDies(t *testing.T, w *world, nodes [2]*agent, fall, rise func()) {
	t.Helper()
	callee := newAgent(t, "callee")
	answer, heard := make(chan *message, 1), make(chan *message, 8)
	callee.play(func(a *agent, m *message) []*message {
		if m.method() != "INVITE" {
			return a.answer(m)
		}
		select {
		case answer <- m:
		default:
		}
		return []*message{a.reply(m, "100 Trying")}
	})
	nodes[1].listenTo(heard)
	nodes[0].patience = time.Second
	gone := make(chan error, 1)
	go func() {
		_, err := nodes[0].invite(w.inner(), "sip:app@e2e.invalid", "sip:callee@"+callee.addr, "")
		gone <- err
	}()
	m := <-answer
	if rr := m.list("Record-Route"); len(rr) != 2 || !strings.Contains(rr[0], "th=") {
		t.Errorf("Record-Route %v", rr)
	}
	fall()
	by := hostport("sip:" + strings.Fields(m.list("Via")[0])[1])
	for _, status := range []string{"180 Ringing", "200 OK"} {
		eventually(t, 5*time.Second, "the other node gets "+status, func() error {
			if err := callee.write(by, callee.reply(m, status)); err != nil {
				return err
			}
			select {
			case got := <-heard:
				if got.start != "SIP/2.0 "+status {
					return fmt.Errorf("it gets %s", got.start)
				}
				if len(got.list("Via")) != 1 || !strings.Contains(got.get("Via"), nodes[1].addr) {
					t.Errorf("the other node gets\n%v", got)
				}
				return nil
			case <-time.After(500 * time.Millisecond): // it is repeated then (RFC 3261 section 13.3.1.4)
				return errors.New("it does not")
			}
		})
	}
	<-gone
	d := &call{phone: callee, id: m.callID(), from: callee.reply(m, "200 OK").get("To"), to: m.get("From"), target: uri(m.get("Contact")), routes: m.list("Record-Route")}
	rise()
	if r, err := d.within("BYE"); err != nil || r.get("X-Node") != nodes[1].name { // and it stays there
		t.Errorf("BYE of the callee: %v, %v", r, err)
	}
}

// inner is where nodes send.
func (w *world) inner() string {
	if w.internal == "" {
		return w.external
	}
	return w.internal
}

// modes does something with two ports and with one, at the same time.
func modes(t *testing.T, do func(t *testing.T, single bool)) {
	built(t, true) // while it is made nobody should wait
	for _, single := range []bool{false, true} {
		t.Run(map[bool]string{false: "two ports", true: "single port"}[single], func(t *testing.T) {
			t.Parallel()
			do(t, single)
		})
	}
}
