package registrar

import (
	"slices"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Binding is one way to reach a user.
type Binding struct {
	Contact sip.Uri
	Path    []sip.Uri // in the order of Route
	Node    string    // the node that served the REGISTER
	Until   time.Time

	params sip.HeaderParams // of the contact, as it was told
	device string           // instance and flow of RFC 5626, "" when it told none
	callID string
	cseq   uint32
}

// The table is bounded: it may be asked by anybody who reaches the gateway.
const (
	maxUsers   = 10_000
	maxPerUser = 8
	maxUser    = 128 // bytes of a user's name
)

// Table holds the bindings of users. The zero Table is empty.
type Table struct {
	mu    sync.Mutex
	users map[string][]Binding // newest first
}

// Of returns how a user can be reached now, the newest way first.
func (t *Table) Of(user string, now time.Time) []Binding {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.live(user, now))
}

// live drops what has expired. The lock is held.
func (t *Table) live(user string, now time.Time) []Binding {
	all := t.users[user]
	if len(all) == 0 {
		return nil
	}
	all = slices.DeleteFunc(all, func(b Binding) bool { return !b.Until.After(now) })
	t.put(user, all)
	return all
}

// put replaces the bindings of a user. The lock is held.
func (t *Table) put(user string, all []Binding) {
	if len(all) == 0 {
		delete(t.users, user)
		return
	}
	if t.users == nil {
		t.users = map[string][]Binding{}
	}
	t.users[user] = all
}

// Drop forgets a way that leads nowhere any more, unless it was renewed since.
func (t *Table) Drop(user string, dead Binding) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.put(user, slices.DeleteFunc(t.users[user], func(b Binding) bool {
		return b.callID == dead.callID && b.cseq == dead.cseq && b.Contact.String() == dead.Contact.String()
	}))
}

// room tells whether a user may be added. The lock is held.
func (t *Table) room(user string, now time.Time) bool {
	if len(t.users) < maxUsers || t.users[user] != nil {
		return true
	}
	for other := range t.users {
		t.live(other, now)
	}
	return len(t.users) < maxUsers
}
