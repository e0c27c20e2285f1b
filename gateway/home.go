package gateway

import (
	"twinhop/appsession"
	"twinhop/gateway/balance"
	"twinhop/gateway/cluster"
)

// belongs finds the home of a message outside dialogs: where a pin or an
// algorithm says that it belongs, whatever the table knows. What a draining
// member has, and calls that are known, have none.
func (u *run) belongs() {
	homer := u.placing().Homer(u.Wants)
	if homer == nil && len(u.placing().Pins) == 0 || u.subj == &u.call {
		return
	}
	owner := (*cluster.Member)(nil)
	switch {
	case u.subj == nil && u.hint == nil:
		owner = u.named // who cannot serve this is left within its version
	case u.subj != nil:
		owner = u.Member(u.subj.b.Owner)
	}
	if u.Usable(owner) && (u.Own().Member(owner.Name).Activation == cluster.Disabled || owner.Resting(u.Wants)) {
		return
	}
	if u.id.ev == nil {
		homer = u.placing().Active(u.Wants)
	} else if m := u.placing().Pins.Find(u.id.ev.Key, u.Own(), u.Wants); m != nil {
		u.home, homer = u.Member(m.Name), nil
	}
	if u.ask(homer, owner); u.home == nil {
		return
	}
	u.step("hit", Step{Rule: Balance, Node: u.home.Name, Detail: "this is where it belongs, whatever the table knows"})
	if u.strict && u.hint != nil && u.hint != u.home && u.hint.Activation == cluster.Active {
		u.note(said[u.a.Hint.Source], u.hint.Name, appsession.Key{}, "this node stands by")
		u.hint, u.named = nil, nil
	}
	if u.subj == &u.flow && !u.strict { // who somebody is counts more than what he is heard by
		if u.apart, u.subj = true, nil; u.id.ok {
			u.subj = &u.id
		}
	}
}

// ask lets an algorithm, which may be nil, say where something of a session on
// owner, or of none, belongs.
func (u *run) ask(homer balance.Homer, owner *cluster.Member) {
	if homer == nil {
		return
	}
	if living := u.Homes(owner, homer.Strict()); len(living) > 0 {
		u.a.q = u.question()
		if m := homer.Home(living, &u.a.q); m != nil {
			u.home, u.strict = u.Member(m.Name), homer.Strict()
		}
	}
}

// alike is who of the members serves a dialog that nothing is known of: the
// one that does everything, else the one that every gateway finds alike.
func (u *run) alike(among []*cluster.Member) *cluster.Member {
	if u.strict {
		return u.pick(among)
	}
	return u.hash(among)
}

// homeward serves a session at its home and moves it there.
func (u *run) homeward() (Decision, error) {
	owner := u.Member(u.subj.b.Owner)
	if !u.Usable(u.home) || u.home == owner && !u.strict || u.Pool.Force && !u.Usable(owner) {
		return Decision{}, errNext
	}
	d := Decision{Member: u.home, Rule: known[u.subj.ev.Source]}
	if u.home == owner {
		return u.settle(d, false)
	}
	if d.Rule = Balance; !u.Usable(owner) {
		d.Rule = left(owner)
	}
	if d.Moved = u.move(u.subj, u.home, d.Rule); !d.Moved && !u.dry {
		if now := u.Member(u.subj.b.Owner); u.Usable(now) {
			d.Member = now // somebody else was first
		}
	}
	return u.settle(d, false)
}
