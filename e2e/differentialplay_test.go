package e2e

import (
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// slam has containers close what they accept.
func (p *play) slam(nodes ...string) {
	for _, n := range nodes {
		c := p.nodes[n]
		c.mu.Lock()
		c.slam = true
		c.mu.Unlock()
	}
}

// mute has containers leave CPings without an answer.
func (p *play) mute(nodes ...string) {
	for _, n := range nodes {
		c := p.nodes[n]
		c.mu.Lock()
		c.mute = true
		c.mu.Unlock()
	}
}

// A held request has arrived and waits for its answer.
type held struct {
	end  func()
	done chan *sight
}

// begin sends a request that the container holds until its end is called.
func (p *play) begin(raw string) held {
	p.t.Helper()
	end := make(chan struct{})
	h := held{sync.OnceFunc(func() { close(end) }), make(chan *sight, 1)}
	p.t.Cleanup(h.end)
	for _, c := range p.nodes {
		c.mu.Lock()
		c.script = []answer{{hold: end}}
		c.mu.Unlock()
	}
	before := p.book.count()
	go func() { h.done <- p.exchange(raw) }()
	eventually(p.t, 10*time.Second, "a request arrives", func() error {
		if p.book.count() == before && len(h.done) == 0 {
			return fmt.Errorf("still %d", before)
		}
		return nil
	})
	for _, c := range p.nodes {
		c.mu.Lock()
		c.script = nil
		c.mu.Unlock()
	}
	return h
}

// hold has requests at work until the function returned is called.
func (p *play) hold(raw ...string) (end func()) {
	p.t.Helper()
	var all []held
	for _, r := range raw {
		all = append(all, p.begin(r))
	}
	p.holding = true
	return func() {
		for _, h := range all {
			h.end()
			p.seen = append(p.seen, <-h.done)
		}
		p.holding = false
		p.delivered()
	}
}

// busy has n requests of new clients at work at once; then, few at a time, the oldest ends and
// another one begins.
func (p *play) busy(n, few int) {
	p.t.Helper()
	var all []held
	for range n {
		all = append(all, p.begin(plain))
	}
	for i := 0; few > 0 && i < len(all); i += few {
		all[i].end()
		p.seen = append(p.seen, <-all[i].done)
		all[i] = p.begin(plain)
	}
	for _, h := range all {
		h.end()
		p.seen = append(p.seen, <-h.done)
	}
	p.delivered()
}

// vanish sends bytes, waits until they have arrived at a container, and goes.
func (p *play) vanish(raw string) {
	p.t.Helper()
	p.note(p.going(raw, p.book.count()))
}

// leave has a client go while a container holds the answer, which is sent then.
func (p *play) leave(node, raw string) {
	p.t.Helper()
	end := make(chan struct{})
	p.script(node, answer{hold: end, chunks: []string{large(200000)}})
	s := p.going(raw, p.book.count())
	close(end)
	p.note(s)
}

func (p *play) going(raw string, before int) *sight {
	p.t.Helper()
	conn, err := net.Dial("tcp", p.front.addr())
	if err != nil {
		p.t.Fatal(err)
	}
	defer conn.Close()
	s := &sight{asked: p.own(raw), left: true}
	_, s.from, _ = net.SplitHostPort(conn.LocalAddr().String())
	_, _ = io.WriteString(conn, s.asked)
	eventually(p.t, 10*time.Second, "the request arrives", func() error {
		if p.book.count() == before {
			return fmt.Errorf("still %d", before)
		}
		return nil
	})
	return s
}

// stream has the client see the first part of an answer before the container sends the second.
func (p *play) stream(node, raw string) {
	p.t.Helper()
	seen := make(chan struct{})
	end := sync.OnceFunc(func() { close(seen) })
	p.t.Cleanup(end)
	p.script(node, answer{chunks: []string{"first", "", "second"}, pause: seen})
	p.first = end
	s := p.exchange(raw)
	p.first = nil
	p.note(s)
}
