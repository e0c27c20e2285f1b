package http

import (
	"twinhop/appsession"
	"twinhop/gateway"
	"twinhop/gateway/cluster"
	"twinhop/http/instance"
	"twinhop/http/sample"
	"twinhop/jvmroute"
)

// evidence fills x.ask with what the request says about its session, in the
// configured order of sources. pool may be nil for a path of the gateway.
func (x *visit) evidence(pool *cluster.Pool) {
	a := &x.ask
	a.Reset()
	a.Kind, a.Wants, a.View, a.Pool = gateway.Open, cluster.HTTP, x.view, pool
	if x.req.Upgrade != "" {
		a.Scheme = "http" // the only protocol toward nodes that has upgrades
	}
	if x.s.Instances && x.pinned(pool) {
		return
	}
	var realm uint16
	if pool != nil {
		realm = pool.Realm
	}
	if v, found := jvmroute.ParamValue(x.rawPath, x.query, sample.AppKey); found == jvmroute.Single {
		a.Add(appsession.Key{Space: appsession.App, Realm: realm, Value: v}, gateway.SourceAppKey)
	}
	for _, src := range x.s.Sources {
		switch src.Source {
		case fromQuery:
			if v, found := jvmroute.QueryValue(x.query, src.Name); found == jvmroute.Single {
				a.Add(appsession.Key{Space: appsession.App, Realm: realm, Value: v}, gateway.SourceQuery)
			}
		case fromHeader:
			if v := sample.Header(&x.req.Fields, src.Name); v != "" {
				a.Add(appsession.Key{Space: appsession.App, Realm: realm, Value: v}, gateway.SourceHeader)
			}
		case fromCookie:
			x.sessionID(pool, realm)
		}
	}
}

// pinned tells whether the path names a node that can serve the request. Then
// nothing else that it carries counts: it is about what that node made, and
// says nothing of where the client's session lives.
func (x *visit) pinned(pool *cluster.Pool) bool {
	id := instance.Of(x.path)
	if id == "" || pool == nil {
		return false
	}
	n := x.view.Instance(id)
	if n == nil {
		return false
	}
	if m := pool.Member(n.Name); m == nil || !m.Usable(cluster.HTTP) {
		return false
	}
	x.ask.Hint = gateway.Hint{Node: n.Name, Gen: n.Life(), Source: gateway.SourceTarget}
	return true
}

// sessionID finds the id that leads the request: of several, the first whose
// route leads to a node of the pool that may serve it, else the first.
func (x *visit) sessionID(pool *cluster.Pool, realm uint16) {
	if x.id.From != jvmroute.FromNowhere {
		return
	}
	d := &x.t.dialect
	x.found = jvmroute.Found{}
	d.ReadTarget(&x.found, x.req.Target)
	for v := range x.req.Fields.Values("Cookie") {
		d.ReadCookie(&x.found, v)
	}
	ids := x.found.All()
	if len(ids) == 0 {
		return
	}
	x.id = ids[0]
	for _, id := range ids {
		if resolves(pool, id.Route()) {
			x.id = id
			break
		}
	}
	src := gateway.SourceCookie
	if x.id.From != jvmroute.FromCookie {
		src = gateway.SourcePath
	}
	if route := x.id.Route(); route != "" {
		x.ask.Hint = gateway.Hint{Route: route, Source: src}
	}
	if base := x.id.Base(); base != "" {
		x.ask.Add(appsession.Key{Space: appsession.HTTP, Realm: realm, Value: base}, src)
	}
}

// resolves tells whether a route names a member that may serve, itself or by
// its domain.
func resolves(pool *cluster.Pool, route string) bool {
	if pool == nil || route == "" {
		return false
	}
	if m := pool.Routed(route); m != nil {
		return m.Usable(cluster.HTTP)
	}
	domain := jvmroute.Domain(route)
	for _, m := range pool.Members {
		if m.Domain != "" && m.Domain == domain && m.Eligible(cluster.HTTP) {
			return true
		}
	}
	return false
}
