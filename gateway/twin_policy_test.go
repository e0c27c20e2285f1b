package gateway_test

import (
	"fmt"
	"slices"
	"strings"

	"twinhop/appsession"
	"twinhop/gateway/balance"
	"twinhop/gateway/cluster"
)

func (w *twin) member(name string) *cluster.Member {
	return w.s.registry.View().Pool("default").Member(name)
}

func (w *twin) may(m message, node string) bool {
	n := w.member(node)
	return n != nil && n.Usable(m.service) && !slices.Contains(m.tried, node)
}

func (w *twin) alive(node string, service cluster.Service) bool {
	n := w.member(node)
	return n != nil && n.Alive(service)
}

// alone tells whether there is one node only, which takes every session.
func (w *twin) alone(m message) bool {
	members := w.s.registry.View().Pool("default").Members
	return len(members) == 1 && members[0].Eligible(m.service)
}

// fresh are the nodes that new work may go to.
func (w *twin) fresh(m message) []string {
	var out []string
	for _, n := range w.eligible(m) {
		out = append(out, n.Name)
	}
	if slices.Contains(out, w.home) {
		return []string{w.home}
	}
	if len(out) == 0 { // a disabled node that is somebody's redirect is a hot standby
		for _, n := range w.s.registry.View().Pool("default").Members {
			if to := n.Redirect; to != "" && !slices.Contains(out, to) && w.may(m, to) {
				out = append(out, to)
			}
		}
	}
	return out
}

func (w *twin) eligible(m message) []*cluster.Member {
	var tried []*cluster.Node
	for _, name := range m.tried {
		tried = append(tried, w.s.registry.View().Named(name))
	}
	return w.s.registry.View().Pool("default").Eligible(nil, m.service, tried)
}

// instead are the nodes that may serve what belongs to old: who inherited from
// it, its redirect node, else its domain, else any of its version.
func (w *twin) instead(m message, old string) []string {
	o := w.member(old)
	if m.service == cluster.HTTP && m.route != old && w.may(m, m.route) {
		return []string{m.route} // the client's own word
	}
	if heir := w.heir(m, old, o); heir != "" {
		return []string{heir}
	}
	if r := w.member(o.Redirect); r != nil && r.Name != old && r.Version == o.Version && w.may(m, r.Name) {
		return []string{r.Name}
	}
	var domain, any []string
	for _, n := range w.s.registry.View().Pool("default").Members {
		if n.Name == old || n.Version != o.Version || !n.Eligible(m.service) || !w.may(m, n.Name) {
			continue
		}
		any = append(any, n.Name)
		if o.Domain != "" && n.Domain == o.Domain {
			domain = append(domain, n.Name)
		}
	}
	if len(domain) > 0 {
		any = domain
	}
	return w.share(m, old, o, any)
}

// subject is the session that a message is about.
func (w *twin) subject(m message) *twinSession {
	for _, k := range []string{m.call, m.identity, m.web} {
		if s := w.where[k]; s != nil {
			return s
		}
	}
	return nil
}

func (w *twin) http(m message) *verdict {
	s := w.subject(m)
	named := w.member(m.route)
	usable := named != nil && w.may(m, m.route)
	w.belongs(m, s)
	if w.strict && usable && m.route != w.home && named.Activation == cluster.Active {
		named, usable = nil, false // it stands by
	}
	bind := func(node string) { w.bind(m, node) }
	if s == nil {
		switch {
		case usable:
			return &verdict{nodes: []string{m.route}, then: bind}
		case (m.route != "" || m.web != "") && w.force && !w.alone(m):
			return &verdict{}
		case named != nil:
			return &verdict{nodes: w.instead(m, m.route), then: bind}
		case m.web != "" && m.identity == "" && m.route == "" && !w.strict:
			key := appsession.Key{Space: appsession.HTTP, Value: strings.TrimPrefix(m.web, "http:")}
			if n := balance.Rendezvous(w.eligible(m), key); n != nil {
				return &verdict{nodes: []string{n.Name}, then: bind}
			}
		}
		return &verdict{nodes: w.fresh(m), then: bind}
	}
	if !w.may(m, s.owner) || w.strict && w.may(m, w.home) {
		if named == nil {
			m.route = ""
		}
		return w.sticky(m, s)
	}
	usable = usable && !w.strict // what a message names says nothing there, also when who does all the work was tried
	home := w.where[m.web]       // whose id it is, nil when nobody's
	switch {
	case w.leader == "sip" && usable && m.adopt && m.route != s.owner:
		return &verdict{nodes: []string{m.route}, moved: true, then: func(n string) { s.move(n, true); w.bind(m, n) }}
	case w.leader == "sip" && usable && m.route != s.owner:
		return &verdict{nodes: []string{s.owner}, from: m.route, then: bind}
	case w.leader == "sip" && usable:
		return &verdict{nodes: []string{s.owner}, then: bind}
	case w.leader == "sip":
		return w.sticky(m, s)
	}
	at, lead, learned := "", "", ""
	if home != nil {
		lead, learned = home.lead(m.web), home.keys[m.web].sentBy
		if learned != "" && w.may(m, learned) && !slices.Contains(home.left, learned) {
			at = learned
		} else if w.may(m, lead) {
			at = lead
		}
	}
	if usable && (lead == m.route || (learned == "" || learned == m.route || !w.may(m, learned)) && !slices.Contains(s.left, m.route)) {
		at = m.route
	}
	links := home == s || home == nil && m.web != "" || home != nil && m.identity != "" && home.identity() == ""
	switch {
	case at == "":
		return w.sticky(m, s)
	case at == s.owner:
		return &verdict{nodes: []string{s.owner}, then: bind}
	case links && !s.web() && w.home == "":
		return &verdict{nodes: []string{at}, moved: true, then: func(n string) { s.move(n, false); w.bind(m, n) }}
	}
	return &verdict{nodes: []string{at}, guest: true, then: bind}
}

func (s *twinSession) lead(key string) string {
	if node := s.keys[key].node; node != "" {
		return node
	}
	return s.owner
}

// sticky is the owner, or who stands in for it.
func (w *twin) sticky(m message, s *twinSession) *verdict {
	lacks := !w.member(s.owner).Has(m.service)
	if (w.strict || w.home != s.owner) && w.may(m, w.home) && (!w.force || w.may(m, s.owner)) {
		home := w.home
		return &verdict{nodes: []string{home}, moved: home != s.owner, then: func(n string) {
			if home != s.owner {
				s.move(n, w.leader == "sip" || !w.member(s.owner).Usable(m.service))
			}
			w.bind(m, n)
		}}
	}
	switch {
	case w.may(m, s.owner):
		return &verdict{nodes: []string{s.owner}, then: func(n string) { w.bind(m, n) }}
	case w.force && (!lacks || !w.alive(s.owner, m.service)):
		return &verdict{}
	case !w.alive(s.owner, m.service):
		return &verdict{nodes: w.instead(m, s.owner), moved: true, then: func(n string) { s.move(n, true); w.bind(m, n) }}
	case slices.Contains(m.tried, s.owner):
		return &verdict{nodes: w.instead(m, s.owner), guest: true}
	}
	return &verdict{nodes: w.instead(m, s.owner), guest: true, then: func(n string) { w.bind(m, n) }}
}

func (w *twin) initial(m message) *verdict {
	s, c := w.subject(m), w.where[m.call]
	switch {
	case m.target != "" && w.may(m, m.target):
		if w.leader == "http" {
			m.identity = ""
			return &verdict{nodes: []string{m.target}, then: func(n string) { w.bind(m, n) }}
		}
		s = w.where[m.identity]
		moved := s != nil && s.owner != m.target
		return &verdict{nodes: []string{m.target}, moved: moved, then: func(n string) {
			if moved {
				s.move(n, true)
			}
			w.bind(m, n)
		}}
	case c != nil && w.may(m, c.keys[m.call].node): // a retransmission
		return &verdict{nodes: []string{c.keys[m.call].node}, then: func(n string) { w.bind(m, n) }}
	}
	if c == nil {
		w.belongs(m, s)
	}
	switch {
	case s == nil && w.member(m.target) != nil:
		return &verdict{nodes: w.instead(m, m.target), then: func(n string) { w.bind(m, n) }}
	case s == nil:
		return &verdict{nodes: w.fresh(m), then: func(n string) { w.bind(m, n) }}
	}
	return w.sticky(m, s)
}

func (w *twin) within(m message) *verdict {
	var key twinKey
	s := w.where[m.call]
	if s != nil {
		key = s.keys[m.call]
	}
	hinted := w.member(m.hint)
	if hinted != nil && m.gen != "" && hinted.Gen != 0 && m.gen != fmt.Sprint(hinted.Gen) {
		hinted = nil // another incarnation
	}
	switch {
	case key.moved && w.may(m, key.node):
		return &verdict{nodes: []string{key.node}}
	case hinted != nil && w.may(m, m.hint):
		return &verdict{nodes: []string{m.hint}}
	case s != nil && m.hint == "" && w.may(m, key.node):
		return &verdict{nodes: []string{key.node}}
	case s == nil && m.hint == "":
		w.standby(nil)
		var out []string
		for _, n := range w.eligible(m) {
			out = append(out, n.Name)
		}
		if slices.Contains(out, w.home) {
			out = []string{w.home}
		}
		return &verdict{nodes: out}
	}
	leaves := hinted
	if m.hint == "" {
		leaves = w.member(key.node)
	}
	v := &verdict{moved: true} // it leaves a node, and stays away from it
	known := s != nil && (w.may(m, key.node) || w.may(m, s.owner))
	switch {
	case s != nil && w.may(m, key.node):
		v.nodes = []string{key.node}
	case s != nil && w.may(m, s.owner):
		v.nodes = []string{s.owner}
	case m.hint != "" && hinted == nil:
		w.standby(nil)
		if heir := w.heir(m, m.hint, nil); heir != "" {
			v.nodes = []string{heir}
			break
		}
		for _, n := range w.s.registry.View().Pool("default").Members {
			if n.Name != m.hint && n.Eligible(m.service) && w.may(m, n.Name) {
				v.nodes = append(v.nodes, n.Name)
			}
		}
		if v.nodes = w.share(m, m.hint, nil, v.nodes); len(v.nodes) == 0 && w.may(m, m.hint) {
			v.nodes = []string{m.hint} // better its successor than nobody
		}
	case m.hint != "":
		w.standby(leaves)
		v.nodes = w.instead(m, m.hint)
	default:
		w.standby(leaves)
		v.nodes = w.instead(m, key.node)
	}
	v.then = func(n string) {
		if s != nil && !known && !w.alive(s.owner, m.service) {
			s.move(n, true)
		} else if s == nil {
			s = &twinSession{owner: n, keys: map[string]twinKey{}}
		}
		w.put(s, m.call, twinKey{node: n, moved: true})
	}
	return v
}

func (w *twin) same(m message) *verdict {
	if s := w.where[m.call]; s != nil && w.may(m, s.keys[m.call].node) {
		return &verdict{nodes: []string{s.keys[m.call].node}}
	}
	return &verdict{}
}

// bind makes the keys of a message names of one session, which node serves. A
// call that is known keeps its session; an id of another identity stays there.
func (w *twin) bind(m message, node string) {
	if len(m.tried) > 0 && w.subject(m) != nil {
		return // its answer will say
	}
	s, home := w.subject(m), w.where[m.web]
	if w.where[m.call] != nil {
		m.identity = ""
	}
	web, call := w.key(m.web), w.key(m.call)
	news := m.identity != "" && w.where[m.identity] == nil || m.call != "" && call.node != node || m.web != "" && home == nil ||
		home != nil && home != s && home.identity() == "" || home != nil && home == s && w.leader == "http" && home.lead(m.web) != node
	if !news {
		return // nothing to write
	}
	if s == nil || s.owner == node {
		web.node = ""
	} else {
		web.node = node
	}
	left := call.node != "" && call.node != node && !w.member(call.node).Usable(m.service)
	call.node, call.moved = node, call.moved || left
	w.join(node, map[string]twinKey{m.identity: {}, m.web: web, m.call: call}, m.identity, m.web, m.call)
}

func (w *twin) learn(m map[string]string) {
	from := m["from"]
	if _, within := m["within"]; within {
		w.answered("call:"+m["call"], from, m["life"] != "")
		return
	}
	if _, sip := m["sip"]; sip {
		w.placed(w.read(m, cluster.SIP), "http:"+m["tied"], from)
		return
	}
	msg := w.read(m, cluster.HTTP)
	if id, _, _ := strings.Cut(m["set"], "."); id != "" {
		w.set(msg, "http:"+id, from, m["set"])
	}
	if k := "http:" + m["gone"]; w.where[k] != nil {
		w.put(w.where[k], k, w.own(k)) // it leads late requests for a while yet
	}
}

// answered: a node speaks within a call. Its answer (with a life) puts the
// call there; else it takes over only what a dead node had.
func (w *twin) answered(call, from string, answer bool) {
	s := w.where[call]
	if s == nil || s.keys[call].node == from {
		return
	}
	dead := !w.alive(s.keys[call].node, cluster.SIP)
	if answer || dead {
		w.put(s, call, twinKey{node: from, moved: dead || s.keys[call].moved})
	}
}

// placed: a node starts a call, for the session of a key that it names. If
// that session lives on another usable node, the call alone is bound.
func (w *twin) placed(m message, tied, from string) {
	named := m.identity
	if w.where[named] == nil && tied != "http:" && (named == "" || w.where[tied] != nil) {
		named = tied
	}
	if s := w.where[named]; s != nil && s.owner != from {
		switch {
		case w.leader == "sip" || !w.alive(s.owner, cluster.SIP):
			s.move(from, true)
		case s.keys[named].node == from:
			s.move(from, !w.member(s.owner).Usable(cluster.SIP))
		default:
			named = ""
		}
	}
	key := w.key(named)
	key.node = ""
	call := w.key(m.call)
	call.node = from
	w.join(from, map[string]twinKey{named: key, m.call: call}, named, m.call)
}

// set: a node gives out an id in its answer to m. What the answer of a guest's
// node says does not move a session that lives elsewhere.
func (w *twin) set(m message, id, from, sent string) {
	s, home := w.where[m.identity], w.where[m.web]
	foreign := home != nil && s != nil && home != s && home.identity() != ""
	if foreign && m.web == id {
		s, m.identity = home, "" // it repeats an id of somebody else, whose it stays
	} else if s == nil {
		s = home
	}
	key, old := twinKey{sent: sent, sentBy: from}, w.own(m.web)
	if s != nil && s.owner != from {
		guest := foreign || home != nil && home.lead(m.web) == from || home == nil && s.web()
		if key.node = from; foreign || guest && w.alive(s.owner, cluster.HTTP) {
			// a guest's node does not move the session
		} else {
			key.node = ""
			s.move(from, w.leader == "sip" || !w.member(s.owner).Usable(cluster.HTTP))
		}
	}
	data := map[string]twinKey{m.identity: {}, m.web: old, id: key}
	if m.identity != "" || m.web == id {
		w.join(from, data, m.identity, id)
	} else {
		w.join(from, data, m.web, id)
	}
}

func (w *twin) switchover(from, to string) {
	done := map[*twinSession]bool{}
	for _, s := range w.where {
		if done[s] || from == to {
			continue
		}
		done[s] = true
		for k, key := range s.keys {
			if key.node == from {
				key.node, key.moved = to, strings.HasPrefix(k, "call:")
			}
			s.keys[k] = key
		}
		if s.owner == from {
			s.move(to, true)
		}
	}
}
