package http

import (
	"twinhop/gateway/cluster"
	"twinhop/jvmroute"
)

// applied are Settings with what follows from them, put together once.
type applied struct {
	Settings
	terms []terms // by rule of Mounts
	none  terms   // of a path without one
}

var noSettings applied

// terms are what rule, pool and Settings together say about a request.
type terms struct {
	pool, variant, local string

	dialect jvmroute.Dialect
}

func apply(s *Settings) *applied {
	a := &applied{Settings: *s, none: terms{dialect: s.Dialect}}
	if s.Mounts == nil {
		return a
	}
	for i := range s.Mounts.rules {
		r := &s.Mounts.rules[i]
		w := s.Pools[r.Pool]
		t := terms{pool: r.Pool, variant: r.Variant, local: r.Local, dialect: s.Dialect}
		t.say(&w.Rule)
		if r.Words != nil {
			t.say(r.Words)
		}
		a.terms = append(a.terms, t)
	}
	return a
}

// say puts in force what w says.
func (t *terms) say(w *RuleWords) {
	t.dialect.Cookie, t.dialect.Path = or(w.Cookie, t.dialect.Cookie), or(w.Path, t.dialect.Path)
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
	return v.Pool(t.pool)
}
