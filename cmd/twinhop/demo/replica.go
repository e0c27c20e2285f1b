package demo

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"twinhop/cmd/twinhop/demo/registrar"
	"twinhop/cmd/twinhop/demo/ua"
)

// replica is what the nodes of a cluster of application servers replicate: HTTP sessions, SIP dialogs and registrations. Every node has all
// of it.
type replica struct {
	bell     bell
	contacts registrar.Table

	mu       sync.Mutex
	sessions map[string]*visit // by session id without its route
	calls    map[string]*call  // by Call-ID
	users    map[string]string // appsession parameter -> session id
	lines    map[string]string // line -> session id
}

// visit is one HTTP session.
type visit struct {
	base  string
	line  string // names the session's telephones; no secret
	user  string // the appsession parameter it came with
	hits  int
	calls []string // Call-IDs, oldest first
	seen  time.Time
}

// call is one SIP dialog of the application.
type call struct {
	ua.Dialog
	base    string // the session it belongs to
	party   string // for people: who is at the other end
	partner string // Call-ID of the call that it is connected with, "" for none
	late    bool   // the partner's answer to the INVITE waits for the ACK of this call, which brings what it needs
	node    string // the node that served its last message
	ended   bool
}

// The replica is bounded: a stranger's requests without cookie are sessions, too.
const (
	maxVisits = 20_000
	maxDialog = 20_000
	maxPerOne = 20 // calls shown of one session
)

func newReplica() *replica {
	return &replica{sessions: map[string]*visit{}, calls: map[string]*call{}, users: map[string]string{}, lines: map[string]string{}}
}

// open starts a session. The oldest makes room when there are too many.
func (r *replica) open() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.sessions) >= maxVisits {
		r.dropOldest()
	}
	var raw [20]byte
	rand.Read(raw[:])
	base, line := fmt.Sprintf("%X", raw[:16]), fmt.Sprintf("%x", raw[16:])
	r.sessions[base] = &visit{base: base, line: line, seen: time.Now()}
	r.lines[line] = base
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
	delete(r.lines, oldest.line)
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

// owner is the session of the first of these users who has one, "" when nobody has.
func (r *replica) owner(users ...string) (base string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, user := range users {
		if base = r.ownerOf(user); base != "" {
			break
		}
	}
	return base
}

// ownerOf is the session of a user: of the telephone "visitor-line" of a page, or of a page that was opened for the user. The lock is held.
func (r *replica) ownerOf(user string) string {
	if _, line, ok := strings.Cut(user, "-"); ok && r.lines[line] != "" {
		return r.lines[line]
	}
	return r.users[user]
}

// keep replicates a call. Of one session only the last few ended calls are remembered.
func (r *replica) keep(c call) {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer r.bell.ring()
	if c.base == "" {
		c.base = r.ownerOf(c.Local.URI.User)
	}
	if r.calls[c.CallID] == nil {
		if len(r.calls) >= maxDialog {
			return
		}
		if s := r.sessions[c.base]; s != nil {
			s.calls = append(s.calls, c.CallID)
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
	r.calls[c.CallID] = &c
}

// serve notes that a node serves a message of a call, and ends the call if so. ok is false unless match says that the message belongs to it.
// partner is the call that it is connected with.
func (r *replica) serve(callID, node string, end bool, match func(*ua.Dialog) bool) (partner string, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.calls[callID]
	if c == nil || !match(&c.Dialog) {
		return "", false
	}
	c.node, c.ended = node, c.ended || end
	partner = c.partner
	if c.base == "" && c.ended {
		delete(r.calls, callID) // nobody's page shows it
	}
	r.bell.ring()
	return partner, true
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
func (r *replica) take(callID, node string) (ua.Dialog, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.calls[callID]
	if c == nil || c.ended {
		return ua.Dialog{}, false
	}
	c.node = node
	d := c.Dialog
	c.CSeq++
	return d, true
}

// acked tells whether the ACK of a call is what the answer of its partner waits for, and gives the partner's dialog, once.
func (r *replica) acked(callID string) (partner ua.Dialog, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.calls[callID]
	if c == nil || !c.late {
		return ua.Dialog{}, false
	}
	c.late = false
	p := r.calls[c.partner]
	if p == nil {
		return ua.Dialog{}, false
	}
	return p.Dialog, true
}

// connect makes two calls partners.
func (r *replica) connect(one, other string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if a, b := r.calls[one], r.calls[other]; a != nil && b != nil {
		a.partner, b.partner = other, one
	}
}
