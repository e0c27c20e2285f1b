package gateway

import (
	"errors"

	"twinhop/appsession"
	"twinhop/gateway/cluster"
)

// settle makes the decision true in the table: the message's keys that are
// not there yet become keys of one session. A guest's keys lead to the guest's
// node, calls always to the node they are on.
func (u *run) settle(d Decision, guest bool) (Decision, error) {
	if !u.reserve(d.Member) {
		return Decision{}, errTaken
	}
	if u.subj != nil {
		d.Session, d.Sent = u.subj.b.ID, u.web.b.Sent
		d.Guest = d.Guest || guest && u.subj.b.Owner != d.Member.Name
	}
	n := u.unbound(d.Member, guest)
	if n == 0 || u.dry || len(u.a.Tried) > 0 && u.subj != nil {
		return d, nil // a substitute's node says by its answer what becomes of the session
	}
	if u.broken {
		return u.unstored(d, Unbound)
	}
	b, err := u.bind(d.Member, n)
	switch {
	case errors.Is(err, appsession.ErrFull):
		return u.unstored(d, Overflow)
	case errors.Is(err, appsession.ErrHot):
		// The identity has too many calls: this one becomes a session of its own.
		if u.call.ev == nil {
			return d, nil
		}
		u.a.aliases[0] = u.alias(&u.call, d.Member.Name)
		if b, err = u.bind(d.Member, 1); err != nil {
			return u.unstored(d, Overflow)
		}
	case err != nil:
		return u.unstored(d, Unbound)
	}
	d.Session = b.ID
	if u.subj == nil && b.Owner != d.Member.Name {
		u.second(&d, b.Owner)
	}
	return d, nil
}

// second: another message of the same new session was first, so it lives on
// owner. This one goes there too, unless it names its node itself, and its keys
// lead to where it goes.
func (u *run) second(d *Decision, owner string) {
	if u.hint != nil && (u.p.Leader == LeaderHTTP || u.a.Hint.Source == SourceTarget) {
		if u.Wants == cluster.HTTP {
			d.Rule, d.Guest = Guest, true
		}
	} else if now := u.Member(owner); u.Usable(now) && u.reserve(now) {
		d.Member, d.Rule = now, AffinityLinked
	}
	keys := u.a.aliases[:0]
	if u.web.ev != nil && d.Guest {
		keys = append(keys, u.alias(&u.web, d.Member.Name))
	}
	if u.call.ev != nil {
		keys = append(keys, u.alias(&u.call, d.Member.Name))
	}
	if len(keys) > 0 {
		_, _ = u.bind(d.Member, len(keys)) // they are in the table already: there is room
	}
}

// unbound lists in the scratch the keys that must be written, and counts them.
func (u *run) unbound(m *cluster.Member, guest bool) int {
	n, missing := 0, false
	add := func(f *finding, node string, need bool) {
		if f.ev != nil {
			u.a.aliases[n] = u.alias(f, node)
			n++
			missing = missing || need
		}
	}
	if u.subj != &u.call { // a call that is known keeps the session it has
		add(&u.id, "", !u.id.ok)
	}
	node := ""
	if guest {
		node = m.Name
	}
	home := u.subj == nil || u.web.b.ID == u.subj.b.ID
	elsewhere := u.web.b.Node != m.Name && u.Wants == cluster.HTTP && u.p.Leader == LeaderHTTP
	add(&u.web, node, !u.foreign() && (!u.web.ok || !home || elsewhere) || u.web.ev != nil && u.web.ev.Life != 0)
	if tied, news := u.tied(); tied {
		add(&u.flow, "", news)
	}
	left := u.call.ok && u.call.b.Node != m.Name
	add(&u.call, m.Name, !u.call.ok || left)
	if !missing {
		return 0
	}
	if left && !u.Usable(u.Member(u.call.b.Node)) {
		u.a.aliases[n-1].Moved = true // the call leaves a node that cannot serve it, for good
	}
	return n
}

// foreign tells that the HTTP key belongs to another identity's session. It
// stays there: two identities are never merged, and none is robbed.
func (u *run) foreign() bool {
	return u.web.ok && u.subj != nil && u.web.b.ID != u.subj.b.ID && !u.web.b.Anonymous
}

func (u *run) alias(f *finding, node string) appsession.Alias {
	return appsession.Alias{Key: f.ev.Key, Node: node, Moved: f.b.Moved, Life: f.ev.Life}
}

// bind writes the first n aliases of the scratch as keys of one session that,
// if it is new, lives on owner.
func (u *run) bind(owner *cluster.Member, n int) (appsession.Binding, error) {
	keys := u.a.aliases[:n]
	b := appsession.Binding{ID: u.r.Namer.ID(keys[0].Key), Node: owner.Name, Owner: owner.Name, Gen: owner.Gen}
	return u.r.Store.Bind(u.ctx, b, keys)
}

// unstored serves without an entry: at the node that the message itself
// names or its substitute, else at the one that every gateway proposes.
func (u *run) unstored(d Decision, why Rule) (Decision, error) {
	if u.subj != nil || u.named != nil {
		return d, nil
	}
	if m := u.hash(u.New()); m != nil && u.home == nil && u.Needs == nil {
		d.Member = m
	}
	d.Rule = why
	return d, nil
}

// move changes the owner by compare-and-swap and leaves what is stored then
// in the finding. An owner left because it cannot be used, or for SIP's sake,
// is left for good.
func (u *run) move(f *finding, to *cluster.Member, why Rule) bool {
	if u.dry {
		return true
	}
	if u.broken {
		return false
	}
	from := u.Member(f.b.Owner)
	c := appsession.Change{From: f.b.Owner, To: to.Name, Gen: to.Gen}
	c.Leave = u.p.Leader == LeaderSIP || from == nil || !from.Usable(u.Wants)
	b, err := u.r.Store.Move(u.ctx, f.b.ID, c)
	if err == nil || errors.Is(err, appsession.ErrMoved) {
		f.b.Owner, f.b.Gen, f.b.Rev, f.b.Left = b.Owner, b.Gen, b.Rev, b.Left
	}
	if err == nil && u.r.Observer != nil {
		u.r.Observer.Moved(f.b.ID, c, why)
	}
	return err == nil
}
