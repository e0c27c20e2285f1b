package gateway

import (
	"context"

	"twinhop/appsession"
	"twinhop/gateway/cluster"
)

// Join ties a connection to the session of the page that it belongs to: its
// key stands in the question first, then what the page's request carries, of
// which it is decided as of any HTTP request. Nothing is counted. From then on
// what comes by the connection carries that key. In a pool without stickiness
// there is nothing to tie to.
func (r *Router) Join(ctx context.Context, a *Ask) (appsession.ID, error) {
	if a.Pool != nil && !a.Pool.Sticky {
		return appsession.ID{}, nil
	}
	u := r.begin(ctx, a)
	d, err := u.conclude()
	return d.Session, err
}

// leads tells whether the session of the connection that a SIP request came by
// decides where it goes, whoever it speaks for. With leader sip HTTP follows:
// there the session of an identity counts more than that of a page which has
// none yet.
func (u *run) leads() bool {
	f, id := &u.flow, &u.id
	return f.ok && u.Wants == cluster.SIP && (!id.ok || !f.b.Anonymous || id.b.ID == f.b.ID || u.p.Leader == LeaderHTTP)
}

// bring has the session of an identity come to the page by whose connection it
// is spoken for: the first browser of a session that had none takes it along.
// It tells whether the session moved.
func (u *run) bring() bool {
	f, id := &u.flow, &u.id
	at := u.Member(f.b.Owner)
	if u.subj != f || !id.ok || !f.b.Anonymous || id.b.ID == f.b.ID || id.b.Owner == f.b.Owner || !u.Usable(at) {
		return false
	}
	u.apart = id.b.Web || u.home != nil || !u.move(id, at, AffinityLinked)
	return !u.apart
}

// tied tells whether the connection's key is to be one of the session that the
// message's other keys name: not when the page belongs to somebody else, whose
// session is his.
func (u *run) tied() (tied, news bool) {
	f, id := &u.flow, &u.id
	if f.ev == nil || u.apart || u.subj == &u.call {
		return false, false
	}
	other := id.ev != nil && (!id.ok || id.b.ID != f.b.ID)
	return !f.ok || !other || f.b.Anonymous, !f.ok || other
}
