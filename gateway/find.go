package gateway

import (
	"context"
	"errors"
	"slices"
	"strings"

	"twinhop/appsession"
	"twinhop/gateway/balance"
	"twinhop/gateway/candidates"
	"twinhop/gateway/cluster"
)

// run is one decision under way. It lives in the Ask, so that deciding does
// not allocate.
type run struct {
	candidates.Set

	r       *Router
	a       *Ask
	p       *Policy
	places  Placement
	placed  bool // places is known
	ctx     context.Context
	waits   bool    // may wait for a shared table
	dry     bool    // without consequence
	inOrder bool    // ties are nobody's turn
	trail   *[]Step // nil: nobody asked why
	broken  bool    // the table did not answer
	old     bool    // what was learned was known

	id, web, call finding // the message's identity, http key and call key
	flow          finding // and that of the connection it came by
	apart         bool    // the connection stays with its session, whoever speaks
	subj          *finding
	named         *cluster.Member // the member that the hint names, usable or not
	hint          *cluster.Member // the same when it may be used for this message
	home          *cluster.Member // where the key belongs, whatever the table knows; nil: nothing says so
	strict        bool            // and whatever node the message names
}

// placing says how the pool's work is placed; most messages need not know.
func (u *run) placing() *Placement {
	if !u.placed {
		u.places, u.placed = u.p.Pools[u.Pool.Name], true
	}
	return &u.places
}

// finding is one key of the message and what the table says of it.
type finding struct {
	ev *Evidence // nil: the message has none
	b  appsession.Binding
	ok bool
}

var noPolicy Policy

func (r *Router) begin(ctx context.Context, a *Ask) *run {
	set := candidates.Set{Pool: a.Pool, View: a.View, Wants: a.Wants, Tried: a.Tried, Scheme: a.Scheme, Needs: a.Needs, List: a.run.List}
	a.run = run{Set: set, r: r, a: a, ctx: ctx, waits: true, p: r.policy.Load()}
	if a.run.p == nil {
		a.run.p = &noPolicy
	}
	return &a.run
}

// gather sorts the evidence and looks the keys up. An identity counts only
// outside dialogs: a callee's BYE has From and To swapped.
func (u *run) gather() error {
	keys, apps := u.a.keys[:0], [maxEvidence]*Evidence{}
	for i := range u.a.Evidence[:min(len(u.a.Evidence), maxEvidence)] {
		ev := &u.a.Evidence[i]
		if ev.Verb != Seen || ev.Value == "" {
			continue
		}
		ev.Key = u.r.Namer.Fit(ev.Key)
		switch {
		case ev.Space == appsession.App && u.a.Kind == Open:
			apps[len(keys)] = ev
			keys = append(keys, ev.Key)
		case ev.Space == appsession.HTTP && u.web.ev == nil:
			u.web.ev = ev
		case ev.Space == appsession.Call && u.call.ev == nil:
			u.call.ev = ev
		case ev.Space == appsession.Flow && u.a.Kind == Open:
			u.flow.ev = ev
		}
	}
	if len(keys) > 0 {
		// The first identity that is bound, else the first present.
		u.id.ev = apps[0]
		if err := u.look(&u.id, keys); err != nil {
			return err
		}
		if u.id.ok {
			u.id.ev = apps[u.id.b.Found]
		}
	}
	for _, f := range [...]*finding{&u.web, &u.call, &u.flow} {
		if f.ev != nil {
			u.a.keys[0] = f.ev.Key
			if err := u.look(f, u.a.keys[:1]); err != nil {
				return err
			}
		}
	}
	// A retransmission goes where its transaction went; then the connection
	// counts, then identity, then the HTTP session.
	for _, f := range [...]*finding{&u.call, &u.flow, &u.id, &u.web} {
		if f.ok && (f != &u.flow || u.leads()) {
			u.subj = f
			break
		}
	}
	u.holds()
	u.resolveHint()
	return nil
}

// look asks the table for one finding.
func (u *run) look(f *finding, keys []appsession.Key) (err error) {
	if near, ok := u.r.Store.(appsession.Near); ok && !u.dry {
		b, answer := near.Now(keys)
		f.b, f.ok = b, answer == appsession.Bound
		if answer != appsession.Ask {
			return nil
		}
	}
	if !u.waits {
		return ErrAsk
	}
	f.b, err = u.r.Store.Find(u.ctx, keys)
	f.ok = err == nil
	u.broken = u.broken || err != nil && !errors.Is(err, appsession.ErrNotFound)
	if f.ok {
		u.step("hit", Step{Rule: known[f.ev.Source], Node: f.b.Node, Key: f.ev.Key, Detail: "this key belongs to a session"})
	} else {
		u.step("miss", Step{Rule: known[f.ev.Source], Key: f.ev.Key, Detail: "this key is not in the table"})
	}
	return nil
}

// known is the rule of a session found by a key of each source.
var known = [sources]Rule{SourceCookie: AffinityHTTP, SourcePath: AffinityHTTP, SourceQuery: ParamAppsession,
	SourceHeader: AffinityCustom, SourceCallID: AffinityCallID, SourceFromUser: AffinityFromUser,
	SourceFromAOR: AffinityFromUser, SourceToUser: AffinityToUser, SourceToAOR: AffinityToUser,
	SourceAppKey: AffinityCustom, SourceNode: AffinityCustom, SourceFlow: AffinityLinked}

// said is the rule of a node named by a hint of each source.
var said = [sources]Rule{SourceCookie: CookieRoute, SourcePath: PathRoute, SourceRoute: RouteHeader, SourceTarget: ExplicitTarget}

// resolveHint finds the member that the message itself names. A route is
// looked for exactly, then its domain: the part before the first dot.
func (u *run) resolveHint() {
	h := &u.a.Hint
	switch {
	case h.Node != "":
		u.named = u.Pool.Member(h.Node)
		if u.named != nil && h.Gen != 0 && u.named.Life() != 0 && h.Gen != u.named.Life() {
			u.named = nil // another incarnation: it knows nothing of this
		}
	case h.Route != "":
		if u.named = u.Pool.Routed(h.Route); u.named != nil {
			break
		}
		// A domain alone: where the session lives, if that is there, else any.
		domain, _, _ := strings.Cut(h.Route, ".")
		fits := func(m *cluster.Member) bool { return m.Domain != "" && m.Domain == domain }
		for _, f := range [...]*finding{&u.web, &u.id} {
			if m := u.Member(f.b.Node); u.named == nil && u.Usable(m) && fits(m) {
				u.named = m
			}
		}
		if u.named == nil {
			u.named = u.inside(u.Instead(nil, fits))
		}
	}
	if u.Usable(u.named) {
		u.hint = u.named
	}
}

// forced finds who is tried although its traffic failed, for when nobody else
// is left (mod_jk's forced recovery): who the work belongs to, else, unless
// that is out of the question, any.
func (u *run) forced(own *cluster.Member, others bool) *cluster.Member {
	list := u.Forceable(own, others)
	if len(list) == 0 {
		return nil
	}
	if !u.dry {
		u.Pool.ForceRecovery()
	}
	if list[0] == own { // no choice, so nobody's turn
		return own
	}
	return u.pick(list)
}

// carries tells whether the message came with a session id, also one that is
// nothing but a route.
func (u *run) carries() bool {
	return u.web.ev != nil || u.a.Hint.Route != "" && u.Pool.Sticky
}

// question is what the algorithm may know.
func (u *run) question() balance.Question {
	return balance.Question{Seed: u.seed(), Service: u.Wants, Stateless: u.Pool.Stateless, Dry: u.dry,
		Known: u.carries(), InOrder: u.inOrder, Needs: u.Needs}
}

// pick asks the pool's algorithm, seeded by the first key of the message. Who
// has a home goes there.
func (u *run) pick(among []*cluster.Member) *cluster.Member {
	algorithm, among := u.placing().Algorithm(u.Wants), u.Carrying(among)
	switch {
	case len(among) == 0:
		return nil
	case slices.Contains(among, u.home), u.strict && u.Takes(u.home):
		return u.home
	case algorithm == nil:
		return u.hash(among)
	}
	u.a.q = u.question()
	return algorithm.Pick(among, &u.a.q)
}

// inside picks from a domain, where ties go to the first in the pool's order
// and are nobody's turn, as with mod_jk.
func (u *run) inside(among []*cluster.Member) *cluster.Member {
	u.inOrder = true
	defer func() { u.inOrder = false }()
	return u.pick(among)
}

// hash is the proposal that every gateway makes alike.
func (u *run) hash(among []*cluster.Member) *cluster.Member {
	if len(among) == 0 {
		return nil
	}
	return balance.Rendezvous(among, u.seed())
}

// seed is the key that a session of this message would be named after.
func (u *run) seed() appsession.Key {
	for _, f := range [...]*finding{&u.id, &u.web, &u.call} {
		if f.ev != nil {
			return f.ev.Key
		}
	}
	return appsession.Key{}
}

// note tells why something that was found does not decide.
func (u *run) note(rule Rule, node string, key appsession.Key, detail string) {
	u.step("skip", Step{Rule: rule, Node: node, Key: key, Detail: detail})
}

func (u *run) step(result string, s Step) {
	if u.trail != nil {
		s.Result = result
		*u.trail = append(*u.trail, s)
	}
}
