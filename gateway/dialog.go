package gateway

import (
	"twinhop/appsession"
	"twinhop/gateway/cluster"
)

// same serves CANCEL and the ACK of a non-2xx: where the call is, or nowhere.
// Only of a full table nothing can be expected: then it goes where the keys of
// its INVITE lead, which was served without an entry.
func (u *run) same() (Decision, error) {
	if m := u.Member(u.call.b.Node); u.call.ok && u.Usable(m) {
		return Decision{Member: m, Rule: AffinityCallID, Session: u.call.b.ID}, nil
	}
	full, ok := u.r.Store.(appsession.Gauge)
	if u.call.ok || !ok || !full.Usage().Overflow {
		return Decision{Rule: NoNode}, ErrNoNode
	}
	u.a.Kind, u.dry, u.subj = Open, true, nil
	d, err := u.decide()
	u.a.Kind = Same
	if err == nil && u.subj == nil && u.hint == nil {
		return u.unstored(d, Overflow)
	}
	return d, err
}

// within serves a request of an established dialog: a moved call stays where
// it was put, else the signed hint counts, else the table, else the hash that
// every gateway computes alike.
func (u *run) within() (Decision, error) {
	c := &u.call
	at := u.holder(c.b.Node)
	switch {
	case c.ok && c.b.Moved && u.Usable(at):
		return Decision{Member: at, Rule: AffinityCallID, Session: c.b.ID}, nil
	case u.hint != nil:
		return Decision{Member: u.hint, Rule: said[u.a.Hint.Source], Session: c.b.ID}, nil
	case c.ok && u.a.Hint.none() && u.Usable(at):
		return Decision{Member: at, Rule: AffinityCallID, Session: c.b.ID}, nil
	case !c.ok && u.a.Hint.none():
		u.ask(u.placing().Active(u.Wants), nil)
		m := u.alike(u.New())
		if m == nil {
			return Decision{Rule: NoNode}, ErrNoNode
		}
		return Decision{Member: m, Rule: Hash}, nil
	}
	return u.leave(at)
}

// leave takes a call off a node that cannot serve it and marks it, so that it
// stays away when that node returns. The session comes along if its owner is
// unusable too.
func (u *run) leave(at *cluster.Member) (Decision, error) {
	c, name := &u.call, u.a.Hint.Node
	if name == "" {
		name = c.b.Node
	}
	u.note(RouteHeader, name, appsession.Key{}, "the dialog's node cannot be used")
	d := Decision{Moved: true}
	owner := u.holder(c.b.Owner)
	switch {
	case c.ok && u.Usable(at):
		d.Member, d.Rule = at, AffinityCallID
	case c.ok && u.Usable(owner):
		d.Member, d.Rule = owner, AffinityCallID
	default:
		gone := u.Member(name)
		if name == u.a.Hint.Node {
			gone = u.named // nil also when this is another incarnation
		}
		if gone == nil {
			gone = u.Pool.Former(name)
		}
		u.ask(u.placing().Active(u.Wants), gone)
		if d.Member, d.Rule = u.substitute(gone, name); d.Member == nil {
			// Its successor of the same name may know the call, and can say at least that it does not.
			if d.Member, d.Rule = u.Member(name), FailoverGone; gone != nil || !u.Usable(d.Member) {
				return Decision{Rule: NoNode}, ErrNoNode
			}
		}
		if c.ok && (owner == nil || !owner.Alive(u.Wants)) && !u.move(c, d.Member, d.Rule) && !u.dry {
			if now := u.Member(c.b.Owner); u.Usable(now) {
				d.Member = now
			}
		}
	}
	d.Session = c.b.ID
	if c.ev != nil && !u.dry && !u.broken {
		u.a.aliases[0] = appsession.Alias{Key: c.ev.Key, Node: d.Member.Name, Moved: true, Life: c.ev.Life}
		if b, err := u.bind(d.Member, 1); err == nil {
			d.Session = b.ID
		}
	}
	return d, nil
}

// holder is the named member, who has the call or its session by the table:
// nil when who has that name now is of another release and knows nothing of it.
func (u *run) holder(name string) *cluster.Member {
	m, b := u.Member(name), &u.call.b
	if m != nil && m.Gen != b.Gen && m.Announced && name == b.Owner {
		if f := u.Pool.Former(name); f != nil && f.Gen == b.Gen {
			return nil
		}
	}
	return m
}
