package storetest

import (
	"strings"
	"time"

	"twinhop/appsession"
)

var identityProofs = []proof{
	{name: "Unbound", says: "A key nobody bound is not found.", run: func(f *fixture) {
		f.gone(app("alice"), call("1"), web("S"))
		if n := len(f.all()); n != 0 {
			f.Errorf("an empty table lists %d sessions", n)
		}
	}},
	{name: "New", says: "Unbound keys become names of a new session with the ID, owner and incarnation proposed, Rev 1.", run: func(f *fixture) {
		id := appsession.ID{1, 2, 3}
		b, err := f.Bind(ctx, appsession.Binding{ID: id, Owner: "n1", Gen: 7}, []appsession.Alias{app("alice"), call("1")})
		if err != nil {
			f.Fatal(err)
		}
		for _, b := range []appsession.Binding{b, f.find(app("alice")), f.find(call("1"))} {
			want := appsession.Binding{ID: id, Node: "n1", Owner: "n1", Gen: 7, Rev: 1}
			if b != want {
				f.Errorf("got %+v, want %+v", b, want)
			}
		}
		f.counts("n1", 1)
	}},
	{name: "Meet", says: "A browser with appsession=alice and a call to alice meet: one identity is one session.", run: func(f *fixture) {
		f.bind("n1", app("alice"), web("S1"))
		f.bind("n2", app("alice"), call("1"))
		f.one(app("alice"), web("S1"), call("1"))
		f.leads("n1", app("alice"), web("S1"), call("1"))
	}},
	{name: "Spaces", says: "Keys of different spaces or realms never meet, however equal their values are.", run: func(f *fixture) {
		other := with(app("x"), func(a *appsession.Alias) { a.Realm = 3 })
		f.bind("n1", app("x"))
		f.bind("n2", call("x"))
		f.bind("n3", web("x"))
		f.bind("n4", other)
		f.leads("n1", app("x"))
		f.leads("n2", call("x"))
		f.leads("n3", web("x"))
		f.leads("n4", other)
	}},
	{name: "Bytes", says: "Values compare byte by byte.", run: func(f *fixture) {
		f.bind("n1", call("a@b"))
		f.gone(call("A@b"), call("a@b "), call("a%40b"), call("a@b\x00"))
	}},
	{name: "FirstFound", says: "Find returns the binding of the first key that is bound, and which one that was.", run: func(f *fixture) {
		f.bind("n1", app("alice"))
		f.bind("n2", app("bob"))
		keys := []appsession.Key{call("no").Key, app("bob").Key, app("alice").Key}
		b, err := f.Find(ctx, keys)
		if err != nil || b.Node != "n2" || b.Found != 1 {
			f.Errorf("got %+v, %v, want n2 at 1", b, err)
		}
		if near, ok := f.Store.(appsession.Near); ok {
			if got, _ := near.Now(keys); got != b {
				f.Errorf("Now says %+v, Find %+v", got, b)
			}
		}
	}},
	{name: "FirstWriter", says: "The first writer wins: a bound key keeps its session and owner, whatever is proposed later.", run: func(f *fixture) {
		first := f.bind("n1", app("alice"))
		second := f.bind("n2", app("alice"))
		if first != second {
			f.Errorf("second writer got %+v, want %+v", second, first)
		}
		f.counts("n1", 1)
		f.counts("n2", 0)
	}},
	{name: "NotTransitive", says: "Two identities are never merged: a call of alice in which bob is named stays alice's.", run: func(f *fixture) {
		f.bind("n1", app("alice"), call("1"))
		f.bind("n2", app("bob"), call("1"), call("2"))
		f.one(app("alice"), call("1"))
		f.one(app("bob"), call("2"))
		f.leads("n1", app("alice"), call("1"))
		f.leads("n2", app("bob"), call("2"))
		f.counts("n1", 1)
		f.counts("n2", 1)
	}},
	{name: "FreshIdentityDoesNotRob", says: "An alias of another identity's session stays there and does not decide for a new identity.", run: func(f *fixture) {
		f.bind("n1", app("alice"), web("S"))
		b := f.bind("n2", app("bob"), web("S"))
		if b.Node != "n2" || b.Anonymous {
			f.Errorf("bob got %+v, want a session of his own on n2", b)
		}
		f.one(app("alice"), web("S"))
	}},
	{name: "Anonymous", says: "A session without identity is anonymous.", run: func(f *fixture) {
		if b := f.bind("n1", web("S")); !b.Anonymous || !f.find(web("S")).Anonymous {
			f.Errorf("%+v should be anonymous", b)
		}
		if b := f.bind("n1", app("alice")); b.Anonymous {
			f.Errorf("%+v should not be anonymous", b)
		}
	}},
	{name: "Web", says: "A binding tells whether some HTTP key belongs to the session.", run: func(f *fixture) {
		if f.bind("n1", app("alice"), call("1")).Web {
			f.Error("a call is not the web")
		}
		b := f.bind("n1", app("alice"), web("S"))
		if !b.Web || !f.find(call("1")).Web {
			f.Error("the session has an HTTP key now")
		}
		if err := f.Drop(ctx, b.ID, web("S").Key); err != nil || f.find(call("1")).Web {
			f.Errorf("the session has lost its HTTP key (%v)", err)
		}
	}},
	{name: "Nonsense", says: "What makes no sense is refused and nothing is stored.", run: func(f *fixture) {
		for _, keys := range [][]appsession.Alias{nil, {app("")}, {{Key: appsession.Key{Value: "x"}}}, {app("a"), app("b")}} {
			b := on("n1", keys)
			b.ID = appsession.ID{1}
			_, err := f.Bind(ctx, b, keys)
			f.refused(err, appsession.ErrBinding)
		}
		_, err := f.Bind(ctx, appsession.Binding{Owner: "n1"}, []appsession.Alias{app("a")})
		f.refused(err, appsession.ErrBinding)
		_, err = f.Bind(ctx, appsession.Binding{ID: appsession.ID{1}}, []appsession.Alias{app("a")})
		f.refused(err, appsession.ErrBinding)
		if n := len(f.all()); n != 0 {
			f.Errorf("%d sessions were stored", n)
		}
	}},
	{name: "View", says: "A value may be a view of a buffer: what is kept is a copy.", run: func(f *fixture) {
		buf := []byte("call-1")
		keys := []appsession.Alias{call(view(buf))}
		f.bind("n1", keys...)
		copy(buf, "xxxx-x")
		f.leads("n1", call("call-1"))
		f.gone(call("xxxx-x"))
		for _, v := range f.all() {
			if v.Keys[0].Value != "call-1" {
				f.Errorf("listed as %q", v.Keys[0].Value)
			}
		}
	}},
	{name: "LongValue", says: "Values of the longest length kept are told apart to the last byte.", run: func(f *fixture) {
		long := strings.Repeat("x", appsession.MaxValue-1)
		f.bind("n1", call(long+"a"))
		f.bind("n2", call(long+"b"))
		f.leads("n1", call(long+"a"))
		f.leads("n2", call(long+"b"))
	}},
	{name: "NameTaken", says: "A new session whose ID belongs to a living one, which lost the key, gets the next free ID.", run: func(f *fixture) {
		old := f.bind("n1", web("S"), call("1"))
		if err := f.Drop(ctx, old.ID, web("S").Key); err != nil {
			f.Fatal(err)
		}
		fresh := f.bind("n2", web("S"))
		if fresh.ID != old.ID.Next() || fresh.Node != "n2" || f.find(call("1")).ID != old.ID {
			f.Errorf("old %+v, fresh %+v", old, fresh)
		}
		if n := len(f.all()); n != 2 {
			f.Errorf("%d sessions listed, want 2", n)
		}
	}},
	{name: "NameFree", says: "The ID of a session that has ended is free, whatever keys it had lost before.", run: func(f *fixture) {
		old := f.bind("n1", web("S"), call("1"))
		if err := f.Drop(ctx, old.ID, web("S").Key); err != nil {
			f.Fatal(err)
		}
		f.pass(31 * time.Minute)
		if fresh := f.bind("n2", web("S")); fresh.ID != old.ID || fresh.Node != "n2" {
			f.Errorf("old %+v, fresh %+v", old, fresh)
		}
	}},
}
