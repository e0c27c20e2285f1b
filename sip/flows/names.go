package flows

import (
	"bytes"
	"slices"
	"sync"

	"twinhop/sip/peek"
	"twinhop/sip/seal"
)

// Names finds the connection of a WebSocket client by the host that it writes into Via and, with a user, into Contact: it has no address, so it
// makes up a name below "invalid", which nobody may look up (RFC 7118 section 5, RFC 2606). The connections of one page may have one host, and
// another user each. The first connection that uses a name has it for as long as it lives, but for one by which a node has accepted a
// registration: that takes names from others that have none. The zero Names is ready.
type Names struct {
	mu    sync.RWMutex
	owner map[string]*claimant
	known map[seal.Flow]*claimant
}

// claimant is a connection with the names that it uses, whether it has them or somebody else does.
type claimant struct {
	flow    seal.Flow
	names   []string
	trusted bool // a node accepted a registration by it
	user    bool // some of its names have one
}

// Bounds of what one connection may claim. How many connections there are is bounded elsewhere.
const (
	maxNames = 6
	maxName  = 192
)

var below = []byte(".invalid")

// Invalid tells whether a host is a name that nobody may look up.
func Invalid(host []byte) bool {
	host = bytes.TrimSuffix(host, []byte("."))
	if n := len(host) - len(below); n >= 0 {
		return peek.FoldEqual(host[n:], ".invalid")
	}
	return peek.FoldEqual(host, "invalid")
}

// fold writes a name as the table has it; ok is false for one that it does not keep. A user is compared byte by byte.
func fold(room, user, host []byte) (name []byte, ok bool) {
	host = bytes.TrimSuffix(host, []byte("."))
	if !Invalid(host) || len(host) <= len(below) || len(user)+1+len(host) > maxName {
		return nil, false
	}
	if len(user) > 0 {
		room = append(append(room, user...), '@')
	}
	for _, c := range host {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		room = append(room, c)
	}
	return room, true
}

// Learn notes that a client uses a host, with a user if it stands in a Contact; anything but a name below "invalid" is passed over.
func (n *Names) Learn(f seal.Flow, user, host []byte) {
	var room [maxName]byte
	name, ok := fold(room[:0], user, host)
	if !ok {
		return
	}
	n.mu.RLock()
	c := n.owner[string(name)]
	n.mu.RUnlock()
	if c != nil && c.flow == f {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.known == nil {
		n.owner, n.known = make(map[string]*claimant), make(map[seal.Flow]*claimant)
	}
	if c = n.known[f]; c == nil {
		c = &claimant{flow: f}
		n.known[f] = c
	}
	text := string(name)
	if !slices.Contains(c.names, text) {
		if len(c.names) >= maxNames {
			return
		}
		c.names, c.user = append(c.names, text), c.user || len(user) > 0
	}
	n.give(text, c)
}

// give lets a connection have a name, unless another one has it with as good a right. The lock is held.
func (n *Names) give(name string, c *claimant) {
	if had := n.owner[name]; had == nil || c.trusted && !had.trusted {
		n.owner[name] = c
	}
}

// Trust notes that a node has accepted a registration by a connection: who it is was checked.
func (n *Names) Trust(f seal.Flow) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if c := n.known[f]; c != nil && !c.trusted {
		c.trusted = true
		for _, name := range c.names {
			n.give(name, c)
		}
	}
}

// Find gives the connection that a user of a host stands for, or the host alone if that has never told a user; ok is false when none does.
func (n *Names) Find(user, host []byte) (f seal.Flow, ok bool) {
	var room [maxName]byte
	n.mu.RLock()
	defer n.mu.RUnlock()
	if name, ok := fold(room[:0], user, host); ok {
		if c := n.owner[string(name)]; c != nil {
			return c.flow, true
		}
	}
	if name, ok := fold(room[:0], nil, host); ok {
		if c := n.owner[string(name)]; c != nil && !c.user {
			return c.flow, true
		}
	}
	return f, false
}

// Forget lets go of the names of a connection that has ended. Who else uses them gets them with his next request.
func (n *Names) Forget(f seal.Flow) {
	n.mu.Lock()
	defer n.mu.Unlock()
	c := n.known[f]
	if c == nil {
		return
	}
	delete(n.known, f)
	for _, name := range c.names {
		if n.owner[name] == c {
			delete(n.owner, name)
		}
	}
}

// Len is how many names are had.
func (n *Names) Len() int {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return len(n.owner)
}
