package gateway

import (
	"context"
	"errors"
	"time"

	"twinhop/appsession"
	"twinhop/gateway/cluster"
)

// Learn takes the evidence of a message that comes from a node: an id that it
// gives out or withdraws, an answer to a call, a request it starts. Kind
// Within only updates what is known; Open may bind and, by a node's own word,
// move. It returns the session that the evidence belongs to then, or zero.
func (r *Router) Learn(ctx context.Context, from *cluster.Node, a *Ask) (appsession.ID, error) {
	m := (*cluster.Member)(nil)
	if a.Pool != nil {
		m = a.Pool.Member(from.Name)
	}
	if m == nil || !a.Pool.Sticky && a.Wants == cluster.HTTP {
		return appsession.ID{}, nil
	}
	if r.told != nil {
		r.told(a, &Decision{}, nil)
		return appsession.ID{}, nil
	}
	kind := a.Kind
	a.Kind = Open // a node's word counts as identity, in whatever dialog it stands
	u := r.begin(ctx, a)
	err := u.gather()
	a.Kind = kind
	if err != nil {
		return appsession.ID{}, err
	}
	if u.broken {
		return appsession.ID{}, errors.New("learn: the affinity table does not answer")
	}
	if a.Counts && r.Book != nil && u.call.ev != nil {
		if a.Needs != nil {
			r.Book.Hold(u.call.ev.Key, m, a.Needs.Resources)
		} else {
			r.Book.Open(u.call.ev.Key, m)
		}
	}
	id, err := appsession.ID{}, error(nil)
	switch {
	case a.Wants == cluster.HTTP:
		id, err = u.learnHTTP(m)
	case kind == Within:
		id, err = u.learnAnswer(m)
	default:
		id, err = u.learnCall(m)
	}
	if r.Observer != nil && err == nil && !u.old {
		r.Observer.Learned(from, a, id)
	}
	return id, err
}

// learnHTTP takes the session ids that a response sets and withdraws.
func (u *run) learnHTTP(m *cluster.Member) (appsession.ID, error) {
	id, err := appsession.ID{}, error(nil)
	for i := range u.a.Evidence[:min(len(u.a.Evidence), maxEvidence)] {
		if ev := &u.a.Evidence[i]; ev.Space == appsession.HTTP && ev.Verb == Set && ev.Value != "" {
			if id, err = u.learnSet(m, ev); err != nil {
				return id, err
			}
		}
	}
	for i := range u.a.Evidence[:min(len(u.a.Evidence), maxEvidence)] {
		ev := &u.a.Evidence[i]
		if ev.Space != appsession.HTTP || ev.Verb != Gone {
			continue
		}
		// Late requests with the old id are still led right for a while.
		ev.Key = u.r.Namer.Fit(ev.Key)
		gone := finding{ev: ev}
		u.a.keys[0] = ev.Key
		if err = u.look(&gone, u.a.keys[:1]); err != nil || !gone.ok {
			continue
		}
		u.a.aliases[0] = u.alias(&gone, ownNode(gone.b))
		if _, err = u.bind(m, 1); err != nil {
			return id, err
		}
	}
	return id, err
}

// ownNode is the node that a key has for itself: none when it follows the owner.
func ownNode(b appsession.Binding) string {
	if b.Node == b.Owner {
		return ""
	}
	return b.Node
}

// learnSet binds an id that node m gave out. A node that answered instead of
// the owner takes the session over by that; a guest's node does not, or two
// browsers of one user would pull the session back and forth.
func (u *run) learnSet(m *cluster.Member, ev *Evidence) (appsession.ID, error) {
	ev.Key = u.r.Namer.Fit(ev.Key)
	set, node := appsession.Alias{Key: ev.Key, Sent: ev.Sent, Life: ev.Life}, ""
	old, again := ownNode(u.web.b), u.web.ok && u.web.ev.Key == ev.Key // as it is before the session moves
	switch foreign := u.foreign(); {
	case foreign && again: // it stays with whom it has
		u.id, u.subj = finding{}, &u.web
		fallthrough
	case foreign: // who mixes up two sessions moves none of them
		if u.subj.b.Owner != m.Name {
			node = m.Name
		}
	case u.subj != nil && u.subj.b.Owner != m.Name && !u.takeover(m):
		node = m.Name
	}
	n := 0
	add := func(a appsession.Alias) { u.a.aliases[n] = a; n++ }
	if u.id.ev != nil {
		add(u.alias(&u.id, ""))
	} else if u.web.ok && !again {
		add(u.alias(&u.web, old))
	}
	set.Node = node
	add(set)
	b, err := u.bind(m, n)
	if errors.Is(err, appsession.ErrFull) || errors.Is(err, appsession.ErrHot) {
		err = nil // served without an entry: the cookie itself carries the route
	}
	return b.ID, err
}

// takeover moves the session to node m, which gave out an id instead of the
// owner, and tells whether it did. Of a living owner's session that a guest, or
// a new browser beside others, is served for elsewhere, it does not.
func (u *run) takeover(m *cluster.Member) bool {
	owner := u.Member(u.subj.b.Owner)
	alive := owner != nil && owner.Alive(cluster.HTTP)
	switch {
	case alive && u.web.ok && u.web.b.Node == m.Name, // the guest's own id
		alive && !u.web.ok && u.subj.b.Web: // a new browser of a session that others use
		return false
	}
	return u.move(u.subj, m, FromNode)
}

// learnAnswer takes what a node says within a call. Its answer: the call is on
// that node now, and lives as long as the front says. A request, which has no
// Life: the node speaks for a call whose node is dead; so it took the call
// over, and the call stays with it.
func (u *run) learnAnswer(m *cluster.Member) (appsession.ID, error) {
	id, err := appsession.ID{}, error(nil)
	u.old = true // most answers say what is known already, and only keep it known
	for _, f := range [...]*finding{&u.id, &u.call} {
		at := u.Member(f.b.Node)
		left := f.b.Node != m.Name && (at == nil || !at.Alive(u.Wants))
		if !f.ok || f.ev.Life == 0 && !left {
			continue
		}
		known := f.b.Node == m.Name
		u.old = u.old && known
		if known && f.lasts() {
			id = f.b.ID
			continue
		}
		u.a.aliases[0] = u.alias(f, "")
		if f == &u.call {
			u.a.aliases[0].Node, u.a.aliases[0].Moved = m.Name, f.b.Moved || left
		}
		b, berr := u.bind(m, 1)
		if id, err = b.ID, errors.Join(err, berr); f == &u.call && u.r.Book != nil && !known {
			u.r.Book.Shift(f.ev.Key, m)
		}
	}
	return id, err
}

// lasts tells whether the key found is kept about as long as the message asks for: an answer after the first one changes nothing.
func (f *finding) lasts() bool {
	kept, life := f.b.Kept, f.ev.Life
	return kept <= life+time.Second && kept >= life-life/16
}

// learnCall takes a request that a node starts. It ties the call to the
// session the node names. Naming a session whose usable owner is another node
// binds the call alone, unless the key named was last served by this node or
// the leader is sip.
func (u *run) learnCall(m *cluster.Member) (appsession.ID, error) {
	if u.call.ev == nil {
		return appsession.ID{}, nil
	}
	tie := &u.id
	if !u.id.ok && (u.web.ok || u.id.ev == nil) {
		tie = &u.web
	}
	n := 0
	if tie.ev != nil {
		if tie.ok && tie.b.Owner != m.Name {
			owner := u.Member(tie.b.Owner)
			if u.p.Leader == LeaderSIP || owner == nil || !owner.Alive(cluster.SIP) || tie.b.Node == m.Name {
				u.move(tie, m, FromNode)
			}
		}
		if !tie.ok || tie.b.Owner == m.Name {
			u.a.aliases[0] = u.alias(tie, "")
			n = 1
		}
	}
	u.a.aliases[n] = u.alias(&u.call, m.Name)
	b, err := u.bind(m, n+1)
	if errors.Is(err, appsession.ErrHot) {
		u.a.aliases[0] = u.a.aliases[n]
		b, err = u.bind(m, 1)
	}
	if errors.Is(err, appsession.ErrFull) {
		err = nil // its Record-Route hint carries the node
	}
	return b.ID, err
}
