package live

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"twinhop/admin/access"
	"twinhop/admin/events"
	"twinhop/admin/feed"
	"twinhop/admin/history"
	"twinhop/admin/limits"
	"twinhop/admin/show"
	"twinhop/admin/stamp"
	"twinhop/gateway/cluster"
	"twinhop/gateway/trace"
)

const traceBacklog = 4096

// Hub gathers what changes and hands it to the open pages. It never waits for
// one of them. Its fields are set before it is used.
type Hub struct {
	View     func() *cluster.View
	Trace    *trace.Log
	Look     func() history.Look           // at the counters
	Overview func(context.Context) any     // the state of everything at a glance
	Limits   func() limits.State           // nil: there is nothing that keeps anybody out
	Whoami   func(*http.Request) access.Me // again and again, while a page is open
	Version  string
	Now      func() time.Time
	Log      *slog.Logger

	Feed   feed.Feed
	Past   history.Book
	Events events.Book

	mu     sync.Mutex
	states map[string]string // node and axis -> word, as last seen
	table  table
	kept   keptOut
}

// Run follows what happens until ctx ends.
func (h *Hub) Run(ctx context.Context) {
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

// tick takes a sample, notices changes and tells open pages.
func (h *Hub) tick(ctx context.Context) {
	look := h.Look()
	h.Past.Add(look)
	h.Compare()
	h.keptOut()
	h.sessions(int(look.Sessions))
	for _, e := range h.Events.Grown() {
		h.Send("events", "event", &e, true)
	}
	if h.Feed.Follows("overview") {
		h.Send("overview", feed.Tick, h.Overview(ctx), false)
	}
}

// Compare notices what changed about nodes since the last time.
func (h *Hub) Compare() {
	now := map[string]string{}
	v := h.View()
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
			h.Note(change(key, was, is, h.Now()))
		}
	}
	for key, was := range before {
		if _, there := now[key]; !there {
			h.Note(change(key, was, "", h.Now()))
		}
	}
}

func change(key, was, is string, at time.Time) events.Occurrence {
	node, service, _ := strings.Cut(key, "\x00")
	return events.Occurrence{At: stamp.Of(at), Type: "node.changed", Node: node, Service: service, Was: was, Is: is}
}

// Note keeps an occurrence, and tells the pages that show it.
func (h *Hub) Note(o events.Occurrence) {
	e, first := h.Events.Note(o)
	switch o.Type {
	case "session.moved":
		h.Send("sessions", o.Type, o, true)
	case "config.reloaded", "config.rejected":
		h.Send("overview", o.Type, o, true)
	case "auth.login", "auth.failed", "audit", "shed", "ban":
	default:
		h.Send("nodes", "node.changed", o, true)
	}
	switch e.Type {
	case "node.joined":
		h.Send("nodes", "node.added", o, true)
	case "node.left":
		h.Send("nodes", "node.removed", o, true)
	}
	if first { // the next like ones are told of together, with the tick
		h.Send("events", "event", &e, true)
	}
}

// follow reads the trace: moves for everybody, the rest for those who look at
// that very session.
func (h *Hub) follow(ctx context.Context) {
	sub := h.Trace.Subscribe(traceBacklog)
	defer sub.Close()
	for {
		list, lost, err := sub.Next(ctx)
		if err != nil {
			return
		}
		watched := h.Watched()
		if lost > 0 {
			for id := range watched {
				h.Send("session:"+id, "resync", map[string]int{"lost": lost}, false)
			}
		}
		for i := range list {
			h.traced(&list[i], watched)
		}
	}
}

func (h *Hub) traced(e *trace.Event, watched map[string]bool) {
	if e.Type == trace.Moved {
		h.Note(events.Occurrence{At: stamp.Of(e.At), Type: "session.moved", Session: e.Session.String(), Node: e.Node,
			From: e.From, Rule: e.Rule.String()})
	}
	if len(watched) > 0 && watched[e.Session.String()] {
		h.Send("session:"+e.Session.String(), "session.event", show.EventOf(e), false)
	}
}

// Watched lists the sessions that somebody looks at.
func (h *Hub) Watched() map[string]bool {
	m := map[string]bool{}
	for _, topic := range h.Feed.Topics() {
		if id, ok := strings.CutPrefix(topic, "session:"); ok {
			m[id] = true
		}
	}
	return m
}

// Send hands an event to the pages that follow its topic. One that is kept is
// there for those who come back.
func (h *Hub) Send(topic, event string, data any, keep bool) {
	if err := h.Feed.Send(topic, event, data, keep); err != nil {
		h.Log.Error("an event of the stream could not be written", "event", event, "err", err)
	}
}
