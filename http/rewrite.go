package http

import (
	"slices"
	"strings"
	"time"

	"twinhop/appsession"
	"twinhop/gateway"
	"twinhop/gateway/cluster"
	"twinhop/http/head"
	"twinhop/jvmroute"
)

// goneLife is how long an id that was replaced or withdrawn still leads late
// requests right.
const goneLife = 30 * time.Second

// forNode writes the request as the node of the present decision is to get it:
// unchanged, but for the session id, which is the one that node knows it by.
func (x *visit) forNode() {
	x.req.ReplyTimeout, x.req.Life = x.t.reply, x.d.Member.Gen
	x.node = x.t.nodes[x.d.Member.Name]
	x.req.Once = x.node.Repeat != nil && !slices.Contains(*x.node.Repeat, x.req.Method)
	x.req.Route, x.req.Activation = x.d.Member.Route, activationWord(x.d.Member.Activation)
	x.nodeID = x.id.Text
	if x.id.Text == "" || x.id.Base() == "" {
		return
	}
	switch {
	case x.pool.SessionID == cluster.BaseRoute:
		x.nodeID = jvmroute.Join(x.id.Base(), x.d.Member.Route)
	case x.d.Sent != nil:
		x.nodeID = x.d.Sent.ID
	}
	x.req.Target = x.target
	dialect, i := &x.t.dialect, 0
	if x.id.From != jvmroute.FromCookie {
		if t, err := dialect.ReplaceURL(x.target, x.id.Text, x.nodeID); err == nil {
			x.req.Target = t
		}
	}
	for at := range x.req.Fields.Len() {
		if !head.EqualFold(x.req.Fields.At(at).Name, "Cookie") {
			continue
		}
		line, err := dialect.ReplaceCookie(x.cookies[i], x.id.Text, x.nodeID)
		if err != nil {
			line = x.cookies[i]
		}
		x.req.Fields.SetAt(at, line)
		i++
	}
}

// activationWord is mod_jk's word toward nodes (JK_LB_ACTIVATION).
func activationWord(a cluster.Activation) string {
	switch a {
	case cluster.Disabled:
		return "DIS"
	case cluster.Stopped:
		return "STP"
	}
	return "ACT"
}

// learn tells the table which session ids the answer sets and withdraws.
func (x *visit) learn(resp *head.Response) {
	a, from := &x.lesson, x.d.Member
	a.Reset()
	now := time.Time{}
	for line := range resp.Fields.Values("Set-Cookie") {
		if now.IsZero() {
			now = x.f.now()
		}
		c, ok := x.t.dialect.ParseSetCookie(line, now)
		if ok && len(a.Evidence) < 4 {
			from = x.giver(resp, c)
			x.note(a, c, from.Name)
		}
	}
	if len(a.Evidence) == 0 {
		return
	}
	// What the request said goes first: it names the session.
	a.Evidence = slices.Insert(a.Evidence, 0, x.ask.Evidence...)
	a.Kind, a.Wants, a.View, a.Pool = gateway.Open, cluster.HTTP, x.view, x.pool
	var err error
	if x.taught, err = x.f.Router.Learn(x.ctx, from.Node, a); err != nil {
		x.f.log().Debug("session id not learned", "proto", "http", "node", x.d.Member.Name, "err", err)
	}
}

// giver is the member that speaks by a session cookie: the one that sets it.
// But a server of SIP servlets that has the browser ask again says by it where
// the session lives, which is not with itself.
func (x *visit) giver(resp *head.Response, c jvmroute.SetCookie) *cluster.Member {
	if resp.Fields.Has(refreshField) {
		_, route := x.t.dialect.Split(c.ID)
		if m := x.pool.Routed(route); route != "" && m != nil && m.Usable(cluster.HTTP) {
			return m
		}
	}
	return x.d.Member
}

// note adds one session cookie that a node gave to the evidence.
func (x *visit) note(a *gateway.Ask, c jvmroute.SetCookie, node string) {
	add := func(base string, verb gateway.Verb, life time.Duration, sent *appsession.Sent) {
		key := appsession.Key{Space: appsession.HTTP, Realm: x.pool.Realm, Value: base}
		a.Evidence = append(a.Evidence, gateway.Evidence{Key: key, Source: gateway.SourceCookie, Verb: verb, Life: life, Sent: sent})
	}
	base, _ := x.t.dialect.Split(c.ID)
	old := x.id.Base()
	if c.Gone {
		if old != "" {
			add(old, gateway.Gone, goneLife, nil)
		}
		return
	}
	if base == "" {
		return
	}
	if c.Path == "" {
		c.Path = jvmroute.DefaultPath(x.target)
	}
	if old != "" && old != base {
		add(old, gateway.Gone, goneLife, nil)
	}
	add(strings.Clone(base), gateway.Set, 0, &appsession.Sent{ID: strings.Clone(c.ID), Node: node,
		Path: strings.Clone(c.Path), Domain: strings.Clone(c.Domain), Attrs: uint8(c.Attrs)})
}

// correctFields corrects a client whose session lives on another node than its
// id says: its cookie, unless the node set one itself, and the ids in our own
// redirects.
func (x *visit) correctFields() {
	if x.d.From == "" || x.id.Base() == "" {
		return
	}
	id := x.corrected()
	if x.setByNode() || x.fields.Has(refreshField) { // the node itself corrects
		return
	}
	if line := x.cookieLine(id); line != "" {
		x.fields.Add("Set-Cookie", line)
		x.f.Metrics.follow("rewrite")
	}
	for i := range x.fields.Len() {
		f := x.fields.At(i)
		if !head.EqualFold(f.Name, "Location") && !head.EqualFold(f.Name, "Content-Location") || !x.ours(f.Value) {
			continue
		}
		for _, old := range [...]string{x.nodeID, x.id.Text} {
			if v, err := x.t.dialect.ReplaceURL(f.Value, old, id); err == nil {
				f.Value = v
			}
		}
		x.fields.SetAt(i, f.Value)
	}
}

// nameNode gives a client without a session a cookie with the route of the node
// that served it, so that it comes back there (set_session_cookie). A client
// whose cookie the node sets needs none, and one that has an id would lose it.
func (x *visit) nameNode() {
	if !x.t.names || x.d.Sticky || x.id.Base() != "" || x.setByNode() {
		return
	}
	line := x.t.cookie + x.d.Member.Route + x.t.tail
	if x.req.Peer.TLS != nil {
		line += ";Secure"
	}
	x.fields.Add("Set-Cookie", line)
}

// setByNode tells whether the answer itself speaks of the session cookie.
func (x *visit) setByNode() bool {
	for line := range x.fields.Values("Set-Cookie") {
		if _, ok := x.t.dialect.ParseSetCookie(line, x.start); ok {
			return true
		}
	}
	return false
}

// cookieLine is the Set-Cookie that gives the client this id in place of the
// one it presented; "" when that cannot be done exactly: the id came in the
// path, the node's attributes are not known, or the cookie would lose its life.
func (x *visit) cookieLine(id string) string {
	s := x.d.Sent
	if x.id.From != jvmroute.FromCookie || id == x.id.Text || s == nil || jvmroute.Attrs(s.Attrs).Has(jvmroute.Persistent) {
		return ""
	}
	name := or(x.t.dialect.Cookie, "JSESSIONID")
	if x.t.dialect.AnyCase { // another spelling would be another cookie
		for _, line := range x.cookies {
			name = or(x.t.dialect.CookieName(line, x.id.Text), name)
		}
	}
	line, err := jvmroute.SetCookie{Name: name, ID: id, Path: s.Path, Domain: s.Domain, Attrs: jvmroute.Attrs(s.Attrs)}.Line()
	if err != nil {
		return ""
	}
	return line
}

// ours tells whether a URL leads to where the request was sent to.
func (x *visit) ours(url string) bool {
	scheme, rest, absolute := strings.Cut(url, "://")
	if !absolute || strings.ContainsAny(scheme, "/?#") {
		return !strings.HasPrefix(url, "//")
	}
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		rest = rest[:i]
	}
	return strings.EqualFold(rest, x.req.Host)
}
