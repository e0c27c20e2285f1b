package gateway

import (
	"context"
	"sync/atomic"

	"twinhop/appsession"
	"twinhop/gateway/balance"
	"twinhop/gateway/calls"
	"twinhop/gateway/cluster"
	"twinhop/gateway/moves"
)

// Leader tells which protocol decides where an application session lives.
type Leader uint8

// The leaders.
const (
	LeaderHTTP Leader = iota // SIP follows HTTP
	LeaderSIP                // HTTP follows SIP (httpFollowsSip)
)

// Policy is what the configuration says about decisions. It is immutable once
// applied.
type Policy struct {
	Leader Leader
	Pools  map[string]Placement // by pool name
}

// Placement says how the work of a pool is placed.
type Placement = balance.Placement

// Router decides. Its fields are set before it is used.
type Router struct {
	Store    appsession.Store
	Views    func() *cluster.View
	Report   func(*cluster.Node, cluster.Service, cluster.Sign) // passive health; nil: not told
	Judge    func(*cluster.Member, cluster.Sign)                // the same for members of pools with Recovery
	Sent     func(*cluster.Node, cluster.Service)               // a request was sent that will be answered; nil: not told
	Heard    func(*cluster.Node, cluster.Service, int)          // a final answer, with its code; nil: not told
	Failed   func(*cluster.Member)                              // it failed a call, and no probe would bring it back; nil: not told
	Book     *calls.Book                                        // nil: calls are not counted
	Observer Observer                                           // nil: nobody watches
	Namer    appsession.Namer

	policy atomic.Pointer[Policy]
	told   func(a *Ask, d *Decision, steps []Step) // of a rehearsal; else nil
}

// Apply replaces the policy. Decisions under way finish with the old one.
func (r *Router) Apply(p *Policy) { r.policy.Store(p) }

// Try decides without waiting and, when the session is known, without
// allocating. ErrAsk: the shared table must be asked; keep a copy of the
// message and call Route elsewhere. ErrNoNode, ErrBusy: nothing can serve it.
func (r *Router) Try(a *Ask) (Decision, error) { return r.answer(context.Background(), a, false) }

// Route decides and may wait for a shared table until ctx ends.
func (r *Router) Route(ctx context.Context, a *Ask) (Decision, error) {
	return r.answer(ctx, a, true)
}

func (r *Router) answer(ctx context.Context, a *Ask, waits bool) (Decision, error) {
	u := r.begin(ctx, a)
	u.waits = waits
	if r.told != nil {
		return u.rehearse()
	}
	d, err := u.conclude()
	if err == ErrAsk {
		return Decision{}, err
	}
	d.router, d.wants = r, a.Wants
	if err == nil {
		u.account(&d)
	}
	if r.Observer != nil {
		a.last = d
		r.Observer.Decided(a, &a.last, err)
	}
	return d, err
}

// Step is one step of an explanation.
type Step struct {
	Rule   Rule
	Result string         // "miss": not known; "hit": leads to Node; "skip": was found and set aside; "winner": decides
	Node   string         // where the step leads or would have led
	Key    appsession.Key // the key it is about; zero: none. Secret
	Detail string
}

// Explain decides without consequence: nothing is bound, moved, touched,
// counted or advanced. The last step is the one that decides.
func (r *Router) Explain(ctx context.Context, a *Ask) (steps []Step) {
	r.Rehearsal(func(_ *Ask, _ *Decision, all []Step) { steps = all }).Route(ctx, a)
	return steps
}

// Rehearsal is a Router that decides as r does now, each time without
// consequence. told hears of each decision, which has no Member when nothing
// can serve, and, without Steps, of what would be learned. It must not keep
// what it gets.
func (r *Router) Rehearsal(told func(a *Ask, d *Decision, steps []Step)) *Router {
	n := &Router{Store: r.Store, Views: r.Views, Book: r.Book, Namer: r.Namer, told: told}
	n.policy.Store(r.policy.Load())
	return n
}

func (u *run) rehearse() (Decision, error) {
	var steps []Step
	u.waits, u.dry, u.trail = true, true, &steps
	d, err := u.conclude()
	last := Step{Rule: d.Rule, Result: "winner", Detail: "decides"}
	if err != nil {
		last.Detail, d.Member = err.Error(), nil
	} else {
		last.Node, d.Sticky = d.Member.Name, u.stuck(d.Member)
	}
	u.r.told(u.a, &d, append(steps, last))
	return d, err
}

// stuck is Decision.Sticky.
func (u *run) stuck(m *cluster.Member) bool {
	return m.Route == u.a.Hint.Route || len(u.Pool.Members) == 1
}

// Switchover moves everything that lives on the node of one route to the node
// of another, as an application server asks for after it took sessions over.
// The first may be long gone. It returns how many sessions moved.
func (r *Router) Switchover(ctx context.Context, fromRoute, toRoute string) (int, error) {
	return r.table().Switchover(ctx, r.Views(), fromRoute, toRoute)
}

// Relocate moves one session to another node by an operator's word, with the
// calls that are where it was: they are marked, and stay there.
func (r *Router) Relocate(ctx context.Context, x appsession.Session, to *cluster.Node) error {
	return r.table().Relocate(ctx, x, to)
}

func (r *Router) table() *moves.Table {
	t := &moves.Table{Store: r.Store}
	if r.Observer != nil {
		t.Moved = func(id appsession.ID, c appsession.Change) { r.Observer.Moved(id, c, Switchover) }
	}
	return t
}

// account counts what was decided.
func (u *run) account(d *Decision) {
	load := d.Member.Load
	if u.Wants == cluster.HTTP {
		if u.r.Sent != nil {
			u.r.Sent(d.Member.Node, cluster.HTTP)
		}
		load.Begin()
		u.Pool.Load.Begin()
		d.Member.Given()
		d.Member.Node.Load().Requests.Add(1)
		d.Sticky = u.stuck(d.Member)
	} else {
		d.Member.Node.Load().ServedSIP.Add(1)
	}
	d.Member.Node.Load().Served.Add(1)
	if u.a.Kind == Open {
		load.Elected.Add(1)
		if u.subj == nil && !u.carries() && !u.Pool.Stateless {
			load.Sessions.Add(1)
		}
		if o, ok := u.placing().Algorithm(u.Wants).(balance.Observer); ok {
			u.a.q = u.question()
			u.a.q.Known = u.a.q.Known || u.subj != nil
			o.Assigned(d.Member, &u.a.q)
		}
	}
	if u.r.Book != nil && u.call.ev != nil {
		if u.a.Counts {
			u.r.Book.Open(u.call.ev.Key, d.Member)
		} else if u.call.b.Moved || d.Moved || u.r.Book.Bereft() {
			u.r.Book.Shift(u.call.ev.Key, d.Member)
		}
	}
}
