package sip

import (
	"bytes"
	"context"
	"net/netip"
	"sync"
	"time"

	"twinhop/sip/legs"
	"twinhop/sip/locate"
	"twinhop/sip/stream"
)

// parked are messages that wait until a name is looked up, off the receiving goroutines.
type parked struct {
	ctx  context.Context
	f    *Front
	jobs sync.WaitGroup

	mu    sync.Mutex
	asked map[locate.Key][]waiting
	total int
}

// waiting is a copy of a message.
type waiting struct {
	data   []byte
	src    netip.AddrPort
	leg    *legs.Leg
	stream *stream.Conn
}

// Bounds of what waits.
const (
	maxAsked    = 64 // names at a time
	maxWaiting  = 64 // messages for one name
	nameTimeout = 5 * time.Second
)

func newParked(ctx context.Context, f *Front) *parked {
	return &parked{ctx: ctx, f: f, asked: make(map[locate.Key][]waiting)}
}

// park keeps the worker's message until the name is known, and then handles it again. It is false when too many wait.
func (p *parked) park(w *worker, q locate.Query) bool {
	k, err := p.f.names.Key(q)
	if err != nil {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	list, running := p.asked[k]
	if len(list) >= maxWaiting || !running && len(p.asked) >= maxAsked || p.total >= w.set.Slow || p.ctx.Err() != nil {
		return false
	}
	p.asked[k] = append(list, waiting{bytes.Clone(w.data), w.src, w.leg, w.stream})
	p.total++
	if !running {
		p.jobs.Go(func() { p.resolve(k) })
	}
	return true
}

// renew looks a name up again whose answer has grown old; nothing waits for it.
func (p *parked) renew(q locate.Query) {
	k, err := p.f.names.Key(q)
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, running := p.asked[k]; err != nil || running || len(p.asked) >= maxAsked || p.ctx.Err() != nil {
		return
	}
	p.asked[k] = nil
	p.jobs.Go(func() { p.resolve(k) })
}

func (p *parked) resolve(k locate.Key) {
	ctx, cancel := context.WithTimeout(p.ctx, nameTimeout)
	err := p.f.names.Ask(ctx, k)
	cancel()
	if err != nil && p.ctx.Err() == nil {
		p.f.warn.Do(func() { p.f.log.Warn("next hop not found", "err", err) })
	}
	p.mu.Lock()
	list := p.asked[k]
	delete(p.asked, k)
	p.total -= len(list)
	p.mu.Unlock()
	if p.ctx.Err() != nil || len(list) == 0 {
		return // the sockets are going
	}
	w := newWorker(p.ctx, p.f, list[0].leg)
	for _, x := range list {
		w.takeUp(x.leg, x.stream)
		w.again = true
		w.handle(x.data, x.src)
		w.Flush()
	}
}

func (p *parked) wait() { p.jobs.Wait() }
