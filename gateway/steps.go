package gateway

import (
	"errors"

	"twinhop/appsession"
	"twinhop/gateway/cluster"
)

// errNext says that a step does not decide: the next one is asked.
var errNext = errors.New("this step does not decide")

// decide is the whole policy: one function per step, the first that knows
// decides.
func (u *run) decide() (Decision, error) {
	if u.Pool == nil {
		return Decision{}, ErrNoNode
	}
	if err := u.gather(); err != nil {
		return Decision{}, err
	}
	switch u.a.Kind {
	case Within:
		return u.within()
	case Same:
		return u.same()
	}
	if !u.Pool.Sticky && u.Wants == cluster.HTTP && u.a.Hint.Source != SourceTarget {
		u.subj, u.id, u.web = nil, finding{}, finding{} // sticky_session=false: ids say nothing
		u.belongs()
		return u.place()
	}
	if d, err := u.target(); err != errNext {
		return d, err
	}
	u.belongs()
	if u.subj == nil {
		return u.begun()
	}
	if d, err := u.hinted(); err != errNext {
		return d, err
	}
	if d, err := u.sticky(); err != errNext {
		return d, err
	}
	return u.failover()
}

// target: a SIP request addressed to a live node goes there. Under leader sip
// the identity's session follows it.
func (u *run) target() (Decision, error) {
	if u.a.Hint.Source != SourceTarget {
		return Decision{}, errNext
	}
	if u.hint == nil {
		u.note(ExplicitTarget, u.a.Hint.Node, appsession.Key{}, "addressed to a node that cannot be used")
		return Decision{}, errNext
	}
	d := Decision{Member: u.hint, Rule: ExplicitTarget}
	if u.p.Leader == LeaderSIP && u.id.ev != nil {
		if u.id.ok && u.id.b.Owner != u.hint.Name {
			d.Moved = u.move(&u.id, u.hint, FollowSIPRewrite)
		}
		return u.settle(d, false)
	}
	if u.call.ev != nil && !u.call.ok {
		u.subj, u.id, u.web = nil, finding{}, finding{} // the call alone
	}
	return u.settle(d, false)
}

// begun serves what belongs to no session yet: at a usable hint, by the hash
// of a session id without route, or where the algorithm says.
func (u *run) begun() (Decision, error) {
	h := &u.a.Hint
	switch {
	case u.hint != nil:
		return u.settle(Decision{Member: u.hint, Rule: said[h.Source]}, false)
	case u.Pool.Force && u.names() && h.Source != SourceTarget: // an address names no session
		if m := u.forced(u.named, false); m != nil {
			return u.settle(Decision{Member: m, Rule: ForcedRecovery}, false)
		}
		return Decision{Rule: StickyForced}, ErrNoNode
	case u.named != nil:
		// The node is known but cannot be used: as for a session it owns.
		u.note(said[h.Source], u.named.Name, appsession.Key{}, "the node named cannot be used")
		m, rule := u.substitute(u.named, u.named.Name)
		if m == nil {
			return u.last(u.named)
		}
		if u.named.Usable(u.Wants) {
			rule = Substitute // it was only tried in vain
		}
		return u.settle(Decision{Member: m, Rule: rule}, false)
	case u.web.ev != nil && h.none() && u.id.ev == nil && !u.strict:
		if m := u.hash(u.New()); m != nil {
			return u.settle(Decision{Member: m, Rule: SessionHash}, false)
		}
	}
	if !h.none() {
		u.note(said[h.Source], h.Node, appsession.Key{}, "names no node of this pool")
	}
	return u.place()
}

// place asks the algorithm. When nobody may be given new sessions, a hot
// standby may: a member that is the redirect of another (mod_jk).
func (u *run) place() (Decision, error) {
	m, rule := u.pick(u.New()), Balance
	if m == nil {
		if m, rule = u.HotStandby(), RedirectRoute; m == nil {
			return u.last(nil)
		}
	}
	return u.settle(Decision{Member: m, Rule: rule}, false)
}

// names tells whether the message names a session that stickiness can be
// forced upon. The only member of a pool takes all of them.
func (u *run) names() bool {
	return !u.Alone() && (u.named != nil || u.a.Hint.Route != "" || u.web.ev != nil)
}

// last tries a member whose traffic failed, when no other can serve: own, to
// whom the work belongs, before any.
func (u *run) last(own *cluster.Member) (Decision, error) {
	m := u.forced(own, true)
	if m == nil {
		return Decision{Rule: NoNode}, ErrNoNode
	}
	return u.settle(Decision{Member: m, Rule: ForcedRecovery}, false)
}

// hinted weighs the jvmRoute of a request whose session is known. A client's
// word picks a node for its own message; it does not move a session that has
// a usable owner, but for the first HTTP key of a session that had none.
func (u *run) hinted() (Decision, error) {
	b, m := &u.subj.b, u.hint
	if u.Wants != cluster.HTTP || m == nil || u.strict {
		return Decision{}, errNext
	}
	d := Decision{Member: m, Rule: said[u.a.Hint.Source]}
	own := u.Usable(u.Member(b.Owner))
	switch {
	case !own && b.Owner != m.Name: // the next steps leave the owner, preferably for the hint
		return Decision{}, errNext
	case u.p.Leader == LeaderSIP && b.Owner == m.Name:
		return u.settle(d, false)
	case u.p.Leader == LeaderSIP && u.a.Adopt:
		d.Rule, d.Moved = FollowSIPGaveUp, u.move(u.subj, m, FollowSIPGaveUp)
		return u.settle(d, !d.Moved)
	case u.p.Leader == LeaderSIP:
		d.Member, d.Rule, d.From = u.Member(b.Owner), FollowSIPRewrite, u.a.Hint.Route
		return u.settle(d, false)
	case u.web.ok && u.web.b.Node == m.Name: // where this id was served before
	case u.web.ok && u.web.b.Sent != nil && u.web.b.Sent.Node != m.Name && u.Usable(u.Member(u.web.b.Sent.Node)):
		u.note(d.Rule, m.Name, u.web.ev.Key, "the id was learned from another node")
		return Decision{}, errNext
	case b.Left.Has(m.Name):
		u.note(d.Rule, m.Name, u.subj.ev.Key, "the session was moved away from this node")
		return Decision{}, errNext
	}
	return u.visit(d)
}

// visit serves an HTTP request at a node that need not be its session's
// owner: as the first HTTP key of the session it takes it along (SIP follows
// HTTP), else it is a guest there.
func (u *run) visit(d Decision) (Decision, error) {
	b := &u.subj.b
	switch {
	case b.Owner == d.Member.Name:
		return u.settle(d, false)
	case !b.Web && u.web.ev != nil && !u.foreign() && u.p.Leader == LeaderHTTP && u.home == nil:
		d.Moved = u.move(u.subj, d.Member, d.Rule)
		return u.settle(d, !d.Moved)
	}
	d.Rule, d.Guest = Guest, true
	return u.settle(d, true)
}

// sticky serves at the session's node, which is its home if it has one.
func (u *run) sticky() (Decision, error) {
	b := &u.subj.b
	if u.strict {
		if d, err := u.homeward(); err != errNext {
			return d, err
		}
	}
	brought := u.bring()
	rule := known[u.subj.ev.Source]
	if u.subj.ev.Space == appsession.HTTP && !b.Anonymous {
		rule = AffinityLinked
	}
	if u.Wants == cluster.HTTP && u.p.Leader == LeaderHTTP && u.web.ok {
		// An HTTP session lives where its id was given out, until that is left.
		at := u.web.b.Node
		if s := u.web.b.Sent; s != nil && !u.web.b.Left.Has(s.Node) && u.Usable(u.Member(s.Node)) {
			at = s.Node
		}
		if m := u.Member(at); u.Usable(m) && (at == b.Owner || u.Usable(u.Member(b.Owner))) {
			return u.visit(Decision{Member: m, Rule: rule})
		}
	} else if m := u.Member(b.Node); b.Node != b.Owner && u.Usable(m) && u.subj == &u.call {
		return u.settle(Decision{Member: m, Rule: rule}, false)
	}
	if d, err := u.homeward(); err != errNext {
		return d, err
	}
	owner := u.Member(b.Owner)
	if u.Usable(owner) {
		return u.settle(Decision{Member: owner, Rule: rule, Moved: brought}, false)
	}
	u.note(rule, b.Owner, u.subj.ev.Key, "its node cannot be used for this message")
	return Decision{}, errNext
}

// failover leaves an owner that cannot serve. The session moves only when the
// owner is unusable as such: being slow for one message, or lacking the
// service, is not enough.
func (u *run) failover() (Decision, error) {
	b := &u.subj.b
	owner := u.Member(b.Owner)
	stays := owner != nil && owner.Alive(u.Wants) || u.Elsewhere(b.Owner)
	if u.Pool.Force && !(stays && !owner.Has(u.Wants)) {
		if m := u.forced(owner, false); m != nil {
			return u.settle(Decision{Member: m, Rule: ForcedRecovery}, false)
		}
		return Decision{Rule: StickyForced}, ErrNoNode
	}
	m, rule := u.substitute(u.gone(owner, b.Owner), b.Owner)
	if m == nil {
		if m, rule = u.forced(owner, true), ForcedRecovery; m == nil {
			return Decision{Rule: NoNode}, ErrNoNode
		} else if m == owner {
			return u.settle(Decision{Member: m, Rule: rule}, false)
		}
	}
	d := Decision{Member: m, Rule: rule}
	if stays {
		d.Rule, d.Guest = Substitute, true
		return u.settle(d, true)
	}
	if d.Moved = u.move(u.subj, m, rule); !d.Moved && !u.dry {
		// Somebody else was first: adopt.
		if now := u.Member(b.Owner); u.Usable(now) {
			d.Member = now
		}
	}
	return u.settle(d, false)
}

// substitute finds who serves instead of a node that cannot: the node the
// client names, its redirect, its domain, any. gone is nil when the node is
// not in the pool any more.
func (u *run) substitute(gone *cluster.Member, name string) (*cluster.Member, Rule) {
	if u.hint != nil && u.hint.Name != name && u.Wants == cluster.HTTP {
		return u.hint, said[u.a.Hint.Source]
	}
	why := left(gone)
	inherits := func(m *cluster.Member) bool { return u.Heir(m, gone, name) }
	if m := u.placing().Heirs.Follow(name, u.Pool, inherits); m != nil {
		if gone != nil && gone.Domain != "" && gone.Domain == m.Domain {
			why = DomainFailover
		}
		return m, why
	}
	if r := u.Redirect(gone); r != nil {
		return r, RedirectRoute
	}
	if gone != nil && gone.Domain != "" {
		same := func(m *cluster.Member) bool { return m.Domain == gone.Domain && m.Name != name }
		u.inOrder = true
		m := u.share(gone, name, u.Instead(gone, same))
		if u.inOrder = false; m != nil {
			return m, DomainFailover
		}
	}
	return u.share(gone, name, u.Instead(gone, func(m *cluster.Member) bool { return m.Name != name })), why
}

// left is the rule of leaving a member.
func left(gone *cluster.Member) Rule {
	switch {
	case gone == nil || gone.Left:
		return FailoverGone
	case gone.Activation == cluster.Stopped:
		return FailoverStopped
	}
	return FailoverDown
}

// share gives what a member leaves to the others: all of it to one, if the
// pool wants that; else a dialog by the hash that every gateway computes alike,
// anything else as new work.
func (u *run) share(gone *cluster.Member, name string, among []*cluster.Member) *cluster.Member {
	switch {
	case u.placing().Heirs != nil && len(among) > 0:
		left := gone == nil || !gone.Alive(u.Wants) // not only tried in vain
		return u.placing().Heirs.Choose(name, u.Wants, u.Carrying(among), left && !u.dry)
	case u.a.Kind == Within:
		return u.alike(among)
	}
	return u.pick(among)
}

// gone is what a member that is left stands for, m being who has its name: one
// that is in the pool no more leaves its work within its release and domain,
// for as long as anybody of its release is there.
func (u *run) gone(m *cluster.Member, name string) *cluster.Member {
	if f := u.Pool.Former(name); m == nil && f != nil && u.Pool.Releases(f.Version, u.Wants) {
		return f
	}
	return m
}
