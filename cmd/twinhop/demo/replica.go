package demo

import (
	"crypto/rand"
	"fmt"
	"slices"
	"sync"
	"time"
)

// replica is what the nodes of a cluster of application servers replicate: HTTP sessions and SIP dialogs. Every node has all of it.
type replica struct {
	bell bell

	mu       sync.Mutex
	sessions map[string]*visit // by session id without its route
	calls    map[string]*call  // by Call-ID
	users    map[string]string // appsession parameter -> session id
}

// visit is one HTTP session.
type visit struct {
	base  string
	user  string // the appsession parameter it came with
	hits  int
	calls []string // Call-IDs, oldest first
	seen  time.Time
}

// call is one SIP dialog of the application.
type call struct {
	dialog
	base  string // the session it belongs to
	party string // for people: who is at the other end
	node  string // the node that served its last message
	ended bool
}

// The replica is bounded: a stranger's requests without cookie are sessions, too.
const (
	maxVisits = 20_000
	maxDialog = 20_000
	maxPerOne = 20 // calls shown of one session
)

func newReplica() *replica {
	return &replica{sessions: map[string]*visit{}, calls: map[string]*call{}, users: map[string]string{}}
}

// open starts a session. The oldest makes room when there are too many.
func (r *replica) open() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.sessions) >= maxVisits {
		r.dropOldest()
	}
	var raw [16]byte
	rand.Read(raw[:])
	base := fmt.Sprintf("%X", raw)
	r.sessions[base] = &visit{base: base, seen: time.Now()}
	return base
}

func (r *replica) dropOldest() {
	var oldest *visit
	for _, v := range r.sessions {
		if oldest == nil || v.seen.Before(oldest.seen) {
			oldest = v
		}
	}
	for _, id := range oldest.calls {
		delete(r.calls, id)
	}
	r.unname(oldest)
	delete(r.sessions, oldest.base)
}

func (r *replica) unname(v *visit) {
	if r.users[v.user] == v.base {
		delete(r.users, v.user)
	}
}

// visit counts a hit if it is one, notes the appsession parameter, and returns a copy; ok is false for an unknown session.
func (r *replica) visit(base, user string, hit bool) (v visit, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.sessions[base]
	if s == nil {
		return visit{}, false
	}
	if hit {
		s.hits++
	}
	if user != "" && user != s.user {
		r.unname(s)
		s.user = user
		r.users[user] = base
	}
	s.seen = time.Now()
	v = *s
	v.calls = slices.Clone(s.calls)
	return v, true
}

// keep replicates a call. Of one session only the last few ended calls are remembered.
func (r *replica) keep(c call) {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer r.bell.ring()
	if c.base == "" {
		c.base = r.users[c.local.uri.User]
	}
	if r.calls[c.callID] == nil {
		if len(r.calls) >= maxDialog {
			return
		}
		if s := r.sessions[c.base]; s != nil {
			s.calls = append(s.calls, c.callID)
			if extra := len(s.calls) - maxPerOne; extra > 0 {
				s.calls = slices.DeleteFunc(s.calls, func(id string) bool {
					old := r.calls[id]
					drop := extra > 0 && (old == nil || old.ended)
					if drop {
						extra--
						delete(r.calls, id)
					}
					return drop
				})
			}
		}
	}
	r.calls[c.callID] = &c
}

// serve notes that a node serves a message of a call, and ends the call if so. ok is false unless match says that the message belongs to it.
func (r *replica) serve(callID, node string, end bool, match func(*dialog) bool) (ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.calls[callID]
	if c == nil || !match(&c.dialog) {
		return false
	}
	c.node, c.ended = node, c.ended || end
	if c.base == "" && c.ended {
		delete(r.calls, callID) // nobody's page shows it
	}
	r.bell.ring()
	return true
}

// of returns the calls of a session, newest first.
func (r *replica) of(base string) []call {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.sessions[base]
	if s == nil {
		return nil
	}
	var list []call
	for _, id := range slices.Backward(s.calls) {
		if c := r.calls[id]; c != nil {
			list = append(list, *c)
		}
	}
	return list
}

// take hands a live call's dialog to a node that is about to send a request in it. The request is numbered here, so that two nodes never
// use one number.
func (r *replica) take(callID, node string) (dialog, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.calls[callID]
	if c == nil || c.ended {
		return dialog{}, false
	}
	c.node = node
	d := c.dialog
	c.cseq++
	return d, true
}
