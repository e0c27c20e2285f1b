package admin

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"twinhop/admin/history"
	"twinhop/admin/stamp"
	"twinhop/gateway/cluster"
	"twinhop/gateway/trace"
)

const (
	ringSize     = 4096 // events kept for those who come back
	recentSize   = 50
	maxClients   = 100
	clientQueue  = 256 // messages that wait for a slow browser
	traceBacklog = 4096
)

// message is one event of the stream. Only those with an id are kept.
type message struct {
	id    uint64
	topic string
	event string
	data  []byte
}

// hub gathers what changes and hands it to the open pages. It never waits for
// one of them.
type hub struct {
	s *Server

	mu      sync.Mutex
	ring    []message // at most ringSize, the oldest first
	last    uint64    // id
	clients map[*client]struct{}
	notes   []occurrence
	states  map[string]string // node and axis -> word, as last seen
	past    history.Book
}

func newHub(s *Server) *hub { return &hub{s: s, clients: map[*client]struct{}{}} }

func (h *hub) run(ctx context.Context) {
	var group sync.WaitGroup
	group.Go(func() { h.follow(ctx) })
	tick := time.NewTicker(history.Every)
	defer tick.Stop()
	defer group.Wait()
	for {
		h.tick(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// tick takes a sample, notices changes of nodes and tells open pages.
func (h *hub) tick(ctx context.Context) {
	h.sample()
	h.compare()
	if h.wanted("overview") {
		h.send("overview", "overview.tick", h.s.overview(ctx), false)
	}
}

// compare notices what changed about nodes since the last time.
func (h *hub) compare() {
	now := map[string]string{}
	v := h.s.Panel.View()
	for _, n := range v.Nodes {
		for _, svc := range cluster.Services() {
			if n.Has(svc) {
				now[n.Name+"\x00"+svc.String()] = n.Health(svc).String()
			}
		}
		now[n.Name+"\x00"] = "present"
	}
	h.mu.Lock()
	before := h.states
	h.states = now
	h.mu.Unlock()
	if before == nil {
		return
	}
	for key, is := range now {
		if was := before[key]; was != is {
			h.note(change(key, was, is, h.s.now()))
		}
	}
	for key, was := range before {
		if _, there := now[key]; !there {
			h.note(change(key, was, "", h.s.now()))
		}
	}
}

func change(key, was, is string, at time.Time) occurrence {
	o := occurrence{At: stamp.Of(at), Type: "node.changed", Was: was, Is: is}
	for i := range len(key) {
		if key[i] == 0 {
			o.Node, o.Service = key[:i], key[i+1:]
		}
	}
	return o
}

// note keeps an occurrence, and tells the pages that show it.
func (h *hub) note(o occurrence) {
	h.mu.Lock()
	if n := len(h.notes); n > 0 && h.notes[n-1].sameMove(&o) {
		o.Count = max(h.notes[n-1].Count, 1) + 1
		h.notes[n-1] = o
	} else {
		h.notes = append(h.notes, o)
	}
	if over := len(h.notes) - recentSize; over > 0 {
		h.notes = slices.Delete(h.notes, 0, over)
	}
	h.mu.Unlock()
	o.Count = 0
	topic, event := "nodes", o.Type
	if o.Type == "session.moved" {
		topic = "sessions"
	} else {
		event = "node.changed"
	}
	h.send(topic, event, o, true)
}

// recent returns the last occurrences, newest first.
func (h *hub) recent() []occurrence {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := make([]occurrence, len(h.notes))
	copy(list, h.notes)
	slices.Reverse(list)
	return list
}

// follow reads the trace: moves for everybody, the rest for those who look at
// that very session.
func (h *hub) follow(ctx context.Context) {
	sub := h.s.Panel.Trace.Subscribe(traceBacklog)
	defer sub.Close()
	for {
		events, lost, err := sub.Next(ctx)
		if err != nil {
			return
		}
		watched := h.watched()
		if lost > 0 {
			for id := range watched {
				h.send("session:"+id, "resync", map[string]int{"lost": lost}, false)
			}
		}
		for i := range events {
			h.traced(&events[i], watched)
		}
	}
}

func (h *hub) traced(e *trace.Event, watched map[string]bool) {
	if e.Type == trace.Moved {
		h.note(occurrence{At: stamp.Of(e.At), Type: "session.moved", Session: e.Session.String(), Node: e.Node,
			From: e.From, Rule: e.Rule.String()})
	}
	if len(watched) > 0 && watched[e.Session.String()] {
		h.send("session:"+e.Session.String(), "session.event", viewEvent(e), false)
	}
}

// watched lists the sessions that somebody looks at.
func (h *hub) watched() map[string]bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	m := map[string]bool{}
	for c := range h.clients {
		for topic := range c.topics {
			if len(topic) > 8 && topic[:8] == "session:" {
				m[topic[8:]] = true
			}
		}
	}
	return m
}

func (h *hub) wanted(topic string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for c := range h.clients {
		if c.topics[topic] {
			return true
		}
	}
	return false
}

// send hands an event to the pages that follow its topic. A kept one gets an
// id and can be asked for again.
func (h *hub) send(topic, event string, data any, keep bool) {
	text, err := json.Marshal(data)
	if err != nil {
		h.s.log.Error("an event of the stream could not be written", "event", event, "err", err)
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	m := message{topic: topic, event: event, data: text}
	if keep {
		h.last++
		m.id = h.last
		h.ring = append(h.ring, m)
		if len(h.ring) >= 2*ringSize {
			h.ring = append([]message(nil), h.ring[len(h.ring)-ringSize:]...)
		}
	}
	for c := range h.clients {
		if c.topics[topic] {
			c.put(m)
		}
	}
}

// client is an open page. Its queue is guarded by the hub's mutex.
type client struct {
	topics map[string]bool
	wake   chan struct{}
	queue  []message
	behind bool // it was too slow: it must fetch everything again
}

// put queues a message. A newer tick replaces one that still waits.
func (c *client) put(m message) {
	if m.event == "overview.tick" {
		c.queue = slices.DeleteFunc(c.queue, func(x message) bool { return x.event == m.event })
	}
	if len(c.queue) >= clientQueue {
		c.queue, c.behind = nil, true
	}
	if !c.behind {
		c.queue = append(c.queue, m)
	}
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// join adds a page. after is the id of the last event it has, or 0 for none;
// events since then are queued. resync: they are not known any more.
func (h *hub) join(topics map[string]bool, after uint64) (c *client, last uint64, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.clients) >= maxClients {
		return nil, 0, false
	}
	c = &client{topics: topics, wake: make(chan struct{}, 1)}
	if after > 0 {
		oldest := h.last + 1
		if len(h.ring) > 0 {
			oldest = h.ring[0].id
		}
		c.behind = after > h.last || after+1 < oldest
		for _, m := range h.ring {
			if m.id > after && topics[m.topic] {
				c.put(m)
			}
		}
	}
	h.clients[c] = struct{}{}
	return c, h.last, true
}

func (h *hub) leave(c *client) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.clients, c)
}

// take returns what is queued; behind tells that something is missing.
func (h *hub) take(c *client) (list []message, behind bool, last uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	list, behind = c.queue, c.behind
	c.queue, c.behind = nil, false
	return list, behind, h.last
}
