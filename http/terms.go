package http

import (
	"slices"
	"time"

	"twinhop/gateway/cluster"
	"twinhop/http/head"
	"twinhop/jvmroute"
)

// applied are Settings with what follows from them, put together once.
type applied struct {
	Settings
	terms []terms // by rule of Mounts
	none  terms   // of a path without one
}

var noSettings applied

// names tells whether a place, by the words of the configuration, is a source of keys.
func (a *applied) names(source, name string) bool {
	return slices.ContainsFunc(a.Sources, func(s KeySource) bool { return s.Source == source && head.EqualFold(s.Name, name) })
}

// terms are what rule, pool and Settings together say about a request.
type terms struct {
	pool, variant, local string

	dialect jvmroute.Dialect
	retry   Retry // without defaults left
	nodes   map[string]NodeWords
	reply   time.Duration // see head.Request.ReplyTimeout
	failOn  []int         // nil: as the node says
	ours    int           // statuses from here on get a page of ours; 0: none
	names   bool          // clients are given a cookie with the node's route
	cookie  string        // what precedes the route in it
	tail    string        // what follows it
}

func apply(s *Settings) *applied {
	a := &applied{Settings: *s, none: terms{dialect: s.Dialect}}
	if s.Mounts == nil {
		return a
	}
	for i := range s.Mounts.rules {
		r := &s.Mounts.rules[i]
		w := s.Pools[r.Pool]
		t := terms{pool: r.Pool, variant: r.Variant, local: r.Local, dialect: s.Dialect, nodes: w.Nodes, tail: cookieTail("/")}
		t.retry = Retry{Rounds: max(w.Retry.Rounds, 1), Nodes: or(max(w.Retry.Nodes, 0), s.attempts()), Interval: w.Retry.Interval}
		t.say(&w.Rule)
		if r.Words != nil {
			t.say(r.Words)
		}
		t.cookie = or(t.dialect.Cookie, "JSESSIONID") + "=."
		a.terms = append(a.terms, t)
	}
	return a
}

// say puts in force what w says.
func (t *terms) say(w *RuleWords) {
	t.dialect.Cookie, t.dialect.Path = or(w.Cookie, t.dialect.Cookie), or(w.Path, t.dialect.Path)
	t.ours = or(w.ServerErrors, t.ours)
	if w.ReplyTimeout != nil {
		t.reply = or(*w.ReplyTimeout, -1)
	}
	if w.FailOn != nil {
		t.failOn = w.FailOn
	}
	if w.SetCookie != nil {
		t.names = *w.SetCookie
	}
	if w.SetPath != nil {
		t.tail = cookieTail(*w.SetPath)
	}
}

// cookieTail is how mod_jk writes the attributes of a cookie that names the
// node.
func cookieTail(path string) string {
	if path == "" {
		return ";HttpOnly"
	}
	return ";PATH=" + path + ";HttpOnly"
}

// of returns the terms of a canonical path.
func (a *applied) of(path string) *terms {
	if i := a.Mounts.find(path); i >= 0 {
		return &a.terms[i]
	}
	return &a.none
}

// together tells whether t and u lead to the same place.
func (t *terms) together(u *terms) bool { return t.pool == u.pool && t.local == u.local }

// in is the pool as the Router is to see it, nil when there is none.
func (t *terms) in(v *cluster.View) *cluster.Pool {
	if pool := v.Pool(t.pool); pool != nil {
		return pool.Variant(t.variant)
	}
	return nil
}
