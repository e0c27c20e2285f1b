package storetest

import (
	"fmt"
	"time"

	"twinhop/appsession"
)

var aliasProofs = []proof{
	{name: "OwnNode", says: "A key with a node of its own leads there, the others to the owner.", run: func(f *fixture) {
		f.bind("n1", app("alice"), at(web("S"), "n2"))
		b := f.find(web("S"))
		if b.Node != "n2" || b.Owner != "n1" {
			f.Errorf("got %+v, want Node n2, Owner n1", b)
		}
		f.leads("n1", app("alice"))
	}},
	{name: "Renew", says: "Keys already in the session get the new Node and Moved; Sent is replaced when there is one.", run: func(f *fixture) {
		set := &appsession.Sent{ID: "S.n1", Node: "n1", Path: "/a"}
		f.bind("n1", with(web("S"), func(a *appsession.Alias) { a.Sent = set }))
		f.bind("n1", at(with(web("S"), func(a *appsession.Alias) { a.Moved = true }), "n2"))
		if b := f.find(web("S")); b.Node != "n2" || !b.Moved || b.Sent == nil || *b.Sent != *set {
			f.Errorf("got %+v, want n2, moved, the first Sent", b)
		}
		next := &appsession.Sent{ID: "S.n2", Node: "n2", Path: "/b"}
		b := f.bind("n1", with(web("S"), func(a *appsession.Alias) { a.Sent = next }))
		if b.Node != "n1" || b.Moved || b.Sent == nil || *b.Sent != *next {
			f.Errorf("got %+v, want n1, not moved, the second Sent", b)
		}
	}},
	{name: "SentIsPerKey", says: "Sent is that of the HTTP key asked.", run: func(f *fixture) {
		f.bind("n1", app("alice"), with(web("S"), func(a *appsession.Alias) { a.Sent = &appsession.Sent{ID: "S.n1"} }), web("T"))
		if f.find(app("alice")).Sent != nil || f.find(web("T")).Sent != nil || f.find(web("S")).Sent.ID != "S.n1" {
			f.Error("Sent is of another key")
		}
	}},
	{name: "SameKeyTwice", says: "A key given twice is one key, with the data given last.", run: func(f *fixture) {
		f.bind("n1", web("S"), at(web("S"), "n2"), app("alice"))
		f.leads("n2", web("S"))
		if v := f.all()[f.one(web("S"), app("alice"))]; len(v.Keys) != 2 {
			f.Errorf("%d keys, want 2", len(v.Keys))
		}
	}},
	{name: "Many", says: "However many keys a message has, they are bound together.", run: func(f *fixture) {
		keys := []appsession.Alias{app("alice")}
		for i := range 30 {
			keys = append(keys, call(fmt.Sprint(i)))
		}
		f.bind("n1", keys[20:25]...)
		f.bind("n2", keys...)
		f.one(keys...)
		f.leads("n1", keys...)
	}},
	{name: "Replaced", says: "A Set-Cookie with another id replaces the alias: the old one lives 30 s, the new one goes on.", run: func(f *fixture) {
		f.bind("n1", web("old"), call("1"))
		f.bind("n1", web("new"), lasting(web("old"), 30*time.Second))
		f.one(web("new"), web("old"), call("1"))
		f.pass(29 * time.Second)
		f.leads("n1", web("old"))
		f.bind("n1", web("old"), call("2")) // a late request does not revive it
		f.pass(3 * time.Second)
		f.gone(web("old"))
		f.one(web("new"), call("1"), call("2"))
	}},
	{name: "Dropped", says: "A dropped key is unbound at once; a fresh id then starts a new session.", run: func(f *fixture) {
		old := f.bind("n1", app("alice"), web("S"))
		if err := f.Drop(ctx, old.ID, web("S").Key, web("unknown").Key); err != nil {
			f.Fatal(err)
		}
		f.gone(web("S"))
		f.leads("n1", app("alice"))
		if b := f.bind("n2", web("fresh")); b.Owner != "n2" || b.ID == old.ID {
			f.Errorf("got %+v, want a new session", b)
		}
	}},
	{name: "DropWhole", says: "Without keys the whole session is forgotten; its keys can be bound anew.", run: func(f *fixture) {
		old := f.bind("n1", app("alice"), web("S"), call("1"))
		if err := f.Drop(ctx, old.ID); err != nil {
			f.Fatal(err)
		}
		f.gone(app("alice"), web("S"), call("1"))
		f.refused(f.Drop(ctx, old.ID), appsession.ErrNotFound)
		f.counts("n1", 0)
		if b := f.bind("n2", app("alice"), web("S")); b.Owner != "n2" || b.ID != old.ID || b.Rev != 1 {
			f.Errorf("got %+v, want a new session named alike", b)
		}
	}},
	{name: "DropLast", says: "A session whose last key goes is forgotten.", run: func(f *fixture) {
		b := f.bind("n1", web("S"), call("1"))
		for _, k := range []appsession.Key{web("S").Key, call("1").Key} {
			if err := f.Drop(ctx, b.ID, k); err != nil {
				f.Fatal(err)
			}
		}
		f.refused(f.Drop(ctx, b.ID), appsession.ErrNotFound)
		if n := len(f.all()); n != 0 {
			f.Errorf("%d sessions listed", n)
		}
		f.counts("n1", 0)
	}},
	{name: "DropForeign", says: "Drop leaves keys of other sessions alone.", run: func(f *fixture) {
		a := f.bind("n1", app("alice"), call("1"))
		f.bind("n2", app("bob"), call("2"))
		if err := f.Drop(ctx, a.ID, call("2").Key); err != nil {
			f.Fatal(err)
		}
		f.leads("n2", call("2"))
		f.leads("n1", call("1"))
	}},
	{name: "Hot", says: "At most so many aliases a session: beyond, ErrHot, the session is returned and new aliases are not added; they can become sessions of their own.",
		opts: Options{KeysPerSession: 4}, run: func(f *fixture) {
			for i := range 4 {
				f.bind("n1", app("trunk"), call(fmt.Sprint(i)))
			}
			b, err := f.tryBind("n2", app("trunk"), at(call("0"), "n3"), call("4"))
			f.refused(err, appsession.ErrHot)
			if b.ID != f.find(app("trunk")).ID || b.Owner != "n1" {
				f.Errorf("got %+v, want the hot session", b)
			}
			f.gone(call("4"))
			f.leads("n3", call("0")) // what is there already is renewed
			f.bind("n2", call("4"))
			f.leads("n2", call("4"))
			if err := f.Drop(ctx, b.ID, call("1").Key); err != nil {
				f.Fatal(err)
			}
			f.bind("n1", app("trunk"), call("5")) // room again
		}},
	{name: "HotIdentity", says: "An identity is no alias: it may take a full anonymous session over; new aliases beside it are still refused.",
		opts: Options{KeysPerSession: 2}, run: func(f *fixture) {
			f.bind("n1", web("S"), call("1"))
			_, err := f.tryBind("n2", app("alice"), web("S"), call("2"))
			f.refused(err, appsession.ErrHot)
			f.gone(call("2"))
			f.one(app("alice"), web("S"), call("1"))
		}},
	{name: "HotMerge", says: "A session does not come over when the two together have too many aliases.",
		opts: Options{KeysPerSession: 3}, run: func(f *fixture) {
			f.bind("n1", app("alice"), call("1"), call("2"))
			f.bind("n2", web("S"), call("3"))
			b, err := f.tryBind("n1", app("alice"), web("S"))
			f.refused(err, appsession.ErrHot)
			if b.Owner != "n1" {
				f.Errorf("got %+v, want alice's", b)
			}
			f.leads("n2", web("S"), call("3"))
			if !f.find(web("S")).Anonymous {
				f.Error("the other session got an identity")
			}
		}},
	{name: "HotAtOnce", says: "A new session that would be too hot at once gets the identity, or the first key, alone.",
		opts: Options{KeysPerSession: 1}, run: func(f *fixture) {
			_, err := f.tryBind("n1", web("S"), call("1"))
			f.refused(err, appsession.ErrHot)
			f.leads("n1", web("S"))
			_, err = f.tryBind("n1", call("2"), call("3"), app("alice"))
			f.refused(err, appsession.ErrHot)
			f.leads("n1", app("alice"))
			f.gone(call("1"), call("2"), call("3"))
		}},
	{name: "All", says: "All lists every session once with all its keys as they were stored.", run: func(f *fixture) {
		a := f.bind("n1", app("alice"), at(web("S"), "n2"), lasting(call("1"), time.Hour))
		b := f.bind("n2", web("T"))
		list := f.all()
		if len(list) != 2 || len(list[a.ID].Keys) != 3 || len(list[b.ID].Keys) != 1 {
			f.Fatalf("got %+v", list)
		}
		v := list[a.ID]
		if v.Owner != "n1" || v.Anonymous || !v.Web || v.Rev != 1 || !list[b.ID].Anonymous {
			f.Errorf("got %+v", v)
		}
		got := map[appsession.Key]appsession.Alias{}
		for _, k := range v.Keys {
			got[k.Key] = k
		}
		if got[web("S").Key].Node != "n2" || got[app("alice").Key].Node != "" || got[call("1").Key].Life != time.Hour {
			f.Errorf("keys %+v", v.Keys)
		}
		if !v.Born.Equal(f.time.Now()) || !v.Seen.Equal(v.Born) || v.Expires.Sub(v.Seen) != time.Hour {
			f.Errorf("born %v, seen %v, expires %v", v.Born, v.Seen, v.Expires)
		}
		for range f.Store.All(ctx) {
			break // a reader may stop
		}
	}},
	{name: "Viewer", says: "One session can be listed by its ID.", run: func(f *fixture) {
		s, ok := f.Store.(appsession.Viewer)
		if !ok {
			f.Skip("not a Viewer")
		}
		b := f.bind("n1", app("alice"), web("S"))
		v, err := s.Session(ctx, b.ID)
		if err != nil || v.ID != b.ID || len(v.Keys) != 2 {
			f.Errorf("got %+v, %v", v, err)
		}
		_, err = s.Session(ctx, appsession.ID{9})
		f.refused(err, appsession.ErrNotFound)
	}},
}
