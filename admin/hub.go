package admin

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"twinhop/admin/feed"
	"twinhop/admin/history"
	"twinhop/admin/show"
	"twinhop/admin/stamp"
	"twinhop/gateway/cluster"
	"twinhop/gateway/trace"
)

const (
	recentSize   = 50
	traceBacklog = 4096
)

// hub gathers what changes and hands it to the open pages. It never waits for
// one of them.
type hub struct {
	s *Server

	feed feed.Feed
	past history.Book

	mu     sync.Mutex
	notes  []occurrence
	states map[string]string // node and axis -> word, as last seen
}

func newHub(s *Server) *hub { return &hub{s: s} }

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
	if h.feed.Follows("overview") {
		h.send("overview", feed.Tick, h.s.overview(ctx), false)
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
		for _, p := range v.Pools {
			if m := p.Member(n.Name); m != nil {
				for _, x := range m.Capacity {
					now[n.Name+"\x00"+x.Name+" in "+p.Name] = m.Fullness(x.Name)
				}
			}
		}
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
	if n := len(h.notes); n > 0 && h.notes[n-1].alike(&o) {
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
		h.send("session:"+e.Session.String(), "session.event", show.EventOf(e), false)
	}
}

// watched lists the sessions that somebody looks at.
func (h *hub) watched() map[string]bool {
	m := map[string]bool{}
	for _, topic := range h.feed.Topics() {
		if id, ok := strings.CutPrefix(topic, "session:"); ok {
			m[id] = true
		}
	}
	return m
}

// send hands an event to the pages that follow its topic.
func (h *hub) send(topic, event string, data any, keep bool) {
	if err := h.feed.Send(topic, event, data, keep); err != nil {
		h.s.log.Error("an event of the stream could not be written", "event", event, "err", err)
	}
}
