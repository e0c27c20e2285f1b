package cluster

import (
	"fmt"
	"sync"
	"time"
)

// What tells which kind of change an Event is about.
type What uint8

// The changes.
const (
	Joined        What = iota // a node was added
	Departed                  // a node was removed
	HealthChanged             // Service, Was, Health, Why
	Activated                 // Pool, Activation
	StateChanged              // Pool, StateWas, State, Why: of a pool with Recovery
	Filled                    // Pool, Resource, Full, Why
)

// String returns the word used in the API.
func (w What) String() string {
	switch w {
	case Joined:
		return "joined"
	case Departed:
		return "departed"
	case HealthChanged:
		return "health"
	case Activated:
		return "activation"
	case StateChanged:
		return "state"
	case Filled:
		return "resource"
	}
	return "unknown"
}

// Event is one change of the cluster.
type Event struct {
	At          time.Time
	What        What
	Node        string
	Pool        string
	Service     Service
	Was, Health Health
	Activation  Activation
	StateWas    State
	State       State
	Resource    string
	Full        bool // else it has room again
	Why         string
	Lost        int // events that the reader was too slow for, right before this one
}

// String returns a sentence for people.
func (e Event) String() string {
	switch e.What {
	case Joined:
		return fmt.Sprintf("node %s was added", e.Node)
	case Departed:
		return fmt.Sprintf("node %s was removed", e.Node)
	case HealthChanged:
		return fmt.Sprintf("%s of node %s was %s and is %s: %s", e.Service, e.Node, e.Was, e.Health, e.Why)
	case Activated:
		return fmt.Sprintf("node %s is %s in pool %s", e.Node, e.Activation, e.Pool)
	case StateChanged:
		return fmt.Sprintf("node %s was %s in pool %s and is %s: %s", e.Node, e.StateWas, e.Pool, e.State, e.Why)
	case Filled:
		is := "has room again"
		if e.Full {
			is = "is full"
		}
		return fmt.Sprintf("%s of node %s in pool %s %s: %s", e.Resource, e.Node, e.Pool, is, e.Why)
	}
	return "unknown event"
}

// watchers are the readers of events.
type watchers struct {
	mu  sync.Mutex
	all map[*watcher]struct{}
}

type watcher struct {
	events chan Event
	lost   int
}

// Watch returns a channel of everything that changes from now on, and a
// function that ends it and closes the channel. The cluster never waits for a
// reader: events that find the buffer full are lost, and the next one that
// does not says how many (Event.Lost).
func (r *Registry) Watch(buffer int) (<-chan Event, func()) {
	w := &watcher{events: make(chan Event, max(buffer, 1))}
	ws := &r.watchers
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if ws.all == nil {
		ws.all = map[*watcher]struct{}{}
	}
	ws.all[w] = struct{}{}
	return w.events, func() {
		ws.mu.Lock()
		defer ws.mu.Unlock()
		if _, ok := ws.all[w]; ok {
			delete(ws.all, w)
			close(w.events)
		}
	}
}

func (ws *watchers) tell(e Event) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for w := range ws.all {
		e.Lost = w.lost
		select {
		case w.events <- e:
			w.lost = 0
		default:
			w.lost++
		}
	}
}
