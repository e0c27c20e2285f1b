package gateway

import (
	"twinhop/appsession"
	"twinhop/gateway/balance"
	"twinhop/gateway/cluster"
)

// belongs finds the home of a message outside dialogs: where a pin, or an
// algorithm that holds no keys itself, says that it belongs whatever the table knows.
// What a draining member has, and calls that are known, have none.
func (u *run) belongs() {
	homer, _ := u.algorithm().(balance.Homer)
	if homer == nil && len(u.places.Pins) == 0 || u.subj == &u.call {
		return
	}
	owner := (*cluster.Member)(nil)
	if u.subj != nil {
		owner = u.Member(u.subj.b.Owner)
	}
	if u.Usable(owner) && (owner.Activation == cluster.Disabled || owner.Resting(u.Wants)) {
		return
	}
	if u.id.ev != nil {
		u.home = u.places.Pins.Find(u.id.ev.Key, u.Pool, u.Wants)
	}
	if u.home == nil && homer != nil && (u.id.ev != nil || homer.Strict()) {
		if living := u.Homes(owner); len(living) > 0 {
			u.a.q = u.question()
			u.home, u.strict = homer.Home(living, &u.a.q), homer.Strict()
		}
	}
	if u.home == nil {
		return
	}
	u.step("hit", Step{Rule: Balance, Node: u.home.Name, Detail: "this is where it belongs, whatever the table knows"})
	if u.strict && u.hint != nil && u.hint != u.home && u.hint.Activation == cluster.Active {
		u.note(said[u.a.Hint.Source], u.hint.Name, appsession.Key{}, "this node stands by")
		u.hint, u.named = nil, nil
	}
}

// homeward serves a session at its home and moves it there.
func (u *run) homeward() (Decision, error) {
	owner := u.Member(u.subj.b.Owner)
	if !u.Usable(u.home) || u.home == owner && !u.strict || u.Pool.Force && !u.Usable(owner) {
		return Decision{}, errNext
	}
	d := Decision{Member: u.home, Rule: Balance}
	switch {
	case u.home == owner:
		d.Rule = known[u.subj.ev.Source]
		return u.settle(d, false)
	case !u.Usable(owner):
		d.Rule = left(owner)
	}
	if d.Moved = u.move(u.subj, u.home, d.Rule); !d.Moved && !u.dry {
		if now := u.Member(u.subj.b.Owner); u.Usable(now) {
			d.Member = now // somebody else was first
		}
	}
	return u.settle(d, false)
}

// inherits finds who got what else a node left that cannot serve.
func (u *run) inherits(gone *cluster.Member, name string) *cluster.Member {
	if u.places.Heirs == nil {
		return nil
	}
	return u.places.Heirs.Follow(name, u.Pool, func(m *cluster.Member) bool { return u.Heir(m, gone, name) })
}
