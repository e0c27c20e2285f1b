package sip

import (
	"bytes"
	"context"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// names finds the addresses of names that nodes send to, off the receiving goroutines: the message that needs one waits as a copy.
type names struct {
	ctx  context.Context
	f    *Front
	jobs sync.WaitGroup

	mu    sync.Mutex
	known map[string]found
	asked map[string][]parked
}

type found struct {
	ip    netip.Addr // invalid: the name has no address we can send to
	until time.Time
}

type parked struct {
	data []byte
	src  netip.AddrPort
	leg  *leg
}

// Bounds of what waits and what is kept.
const (
	maxKnown    = 1024
	maxAsked    = 64 // names at a time
	maxParked   = 64 // messages for one name
	nameLife    = 30 * time.Second
	noNameLife  = 5 * time.Second
	nameTimeout = 5 * time.Second
)

func newNames(ctx context.Context, f *Front) *names {
	return &names{ctx: ctx, f: f, known: make(map[string]found), asked: make(map[string][]parked)}
}

// find gives what is known of a name; an invalid address means that it has none.
func (n *names) find(host []byte) (netip.Addr, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	a, ok := n.known[string(host)]
	if !ok || time.Now().After(a.until) {
		return netip.Addr{}, false
	}
	return a.ip, true
}

// park keeps the worker's message until the name is known, and then handles it again. It is false when too many wait.
func (n *names) park(w *worker, host []byte) bool {
	p := parked{bytes.Clone(w.msg.Buf), w.src, w.leg}
	n.mu.Lock()
	defer n.mu.Unlock()
	waiting, running := n.asked[string(host)]
	if len(waiting) >= maxParked || !running && len(n.asked) >= maxAsked || n.ctx.Err() != nil {
		return false
	}
	name := string(host)
	n.asked[name] = append(waiting, p)
	if !running {
		n.jobs.Go(func() { n.resolve(name) })
	}
	return true
}

func (n *names) resolve(name string) {
	ctx, cancel := context.WithTimeout(n.ctx, nameTimeout)
	addrs, err := n.f.Resolve(ctx, name)
	cancel()
	a := found{ip: n.choose(addrs), until: time.Now().Add(nameLife)}
	if !a.ip.IsValid() {
		a.until = time.Now().Add(noNameLife)
		n.f.warn.Do(func() { n.f.log.Warn("name of a next hop not resolved", "name", name, "err", err) })
	}
	n.mu.Lock()
	if len(n.known) >= maxKnown {
		clear(n.known)
	}
	n.known[name] = a
	waiting := n.asked[name]
	delete(n.asked, name)
	n.mu.Unlock()
	if n.ctx.Err() != nil {
		return // the sockets are going
	}
	workers := make(map[*leg]*worker)
	for _, p := range waiting {
		w := workers[p.leg]
		if w == nil {
			w = newWorker(n.ctx, n.f, p.leg)
			workers[p.leg] = w
		}
		w.waiting = true
		w.handle(p.data, p.src)
	}
}

// choose takes the address every gateway takes: a stateless proxy must send a repetition, and a CANCEL, where it sent the request
// (RFC 3263 section 4.4). IPv4 sorts first.
func (n *names) choose(addrs []netip.Addr) netip.Addr {
	for i, a := range addrs {
		addrs[i] = a.Unmap()
	}
	slices.SortFunc(addrs, netip.Addr.Compare)
	for _, a := range addrs {
		if n.f.leave(false, a) != nil {
			return a
		}
	}
	return netip.Addr{}
}

func (n *names) wait() { n.jobs.Wait() }
