package storetest

import (
	"fmt"

	"twinhop/appsession"
)

var takeoverProofs = []proof{
	{name: "Takeover", says: "An identity may take an anonymous session over, aliases included: owner and ID are kept.", run: func(f *fixture) {
		old := f.bind("n1", web("S"), call("1"))
		b := f.bind("n2", app("alice"), web("S"))
		if b.ID != old.ID || b.Owner != "n1" || b.Anonymous {
			f.Errorf("got %+v, want the session of %+v, with identity", b, old)
		}
		f.one(app("alice"), web("S"), call("1"))
		f.leads("n1", app("alice"), web("S"), call("1"))
		f.counts("n1", 1)
		f.counts("n2", 0)
	}},
	{name: "TakeoverOnce", says: "It happens once: a second identity does not get what now has one.", run: func(f *fixture) {
		f.bind("n1", web("S"), call("1"))
		f.bind("n1", app("alice"), web("S"))
		b := f.bind("n2", app("bob"), web("S"), call("1"))
		if b.Owner != "n2" {
			f.Errorf("bob got %+v, want n2", b)
		}
		f.one(app("alice"), web("S"), call("1"))
		f.leads("n1", web("S"), call("1"))
	}},
	{name: "TakeoverFirst", says: "A new identity takes over the session of the first alias bound to an anonymous one, not the first alias bound.", run: func(f *fixture) {
		f.bind("n1", app("alice"), web("A"))
		f.bind("n2", web("B"))
		b := f.bind("n3", app("bob"), web("A"), web("B"))
		if b.Owner != "n2" {
			f.Errorf("bob is on %q, want n2", b.Owner)
		}
		f.one(app("bob"), web("B"))
		f.one(app("alice"), web("A"))
	}},
	{name: "Merge", says: "An alias of an anonymous session brings that session and all its aliases over to a bound identity.", run: func(f *fixture) {
		alice := f.bind("n1", app("alice"), call("1"))
		old := f.bind("n1", web("S"), web("T"), call("2"))
		f.bind("n3", app("alice"), web("S"))
		if id := f.one(app("alice"), call("1"), web("S"), web("T"), call("2")); id != alice.ID {
			f.Errorf("the session is %v, want alice's %v", id, alice.ID)
		}
		if _, ok := f.all()[old.ID]; ok {
			f.Error("the anonymous session is still listed")
		}
		_, err := f.Move(ctx, old.ID, appsession.Change{From: "n1", To: "n2"})
		f.refused(err, appsession.ErrNotFound)
		f.refused(f.Drop(ctx, old.ID), appsession.ErrNotFound)
		f.counts("n1", 1)
	}},
	{name: "MergeOwners", says: "On different nodes the identity's node wins; calls of the other session keep their node.", run: func(f *fixture) {
		alice := f.bind("n1", app("alice"))
		old := f.bind("n2", web("S"), call("1"), at(call("2"), "n3"), at(web("T"), "n3"))
		b := f.bind("n4", app("alice"), web("S"))
		f.leads("n1", app("alice"), web("S"))
		f.leads("n2", call("1"))
		f.leads("n3", call("2"), web("T"))
		if f.find(call("1")).Moved {
			f.Error("a call that stays is not marked moved")
		}
		if b.Rev <= alice.Rev || b.Rev <= old.Rev {
			f.Errorf("Rev is %d, was %d and %d", b.Rev, alice.Rev, old.Rev)
		}
		f.counts("n1", 1)
		f.counts("n2", 0)
		move(f, alice.ID, "n1", "n5")
		f.leads("n5", app("alice"), web("S"))
		f.leads("n2", call("1"))
	}},
	{name: "MergeFollow", says: "Of a session taken over on the same node, calls without a node of their own go on following the owner.", run: func(f *fixture) {
		alice := f.bind("n1", app("alice"))
		f.bind("n1", web("S"), call("1"))
		f.bind("n1", app("alice"), web("S"))
		move(f, alice.ID, "n1", "n2")
		f.leads("n2", app("alice"), web("S"), call("1"))
	}},
	{name: "MergeSeveral", says: "All anonymous sessions named in one message come over at once, also to an identity just taken.", run: func(f *fixture) {
		f.bind("n1", web("S"), web("S2"))
		f.bind("n2", call("1"), call("2"))
		b := f.bind("n3", app("alice"), web("S"), call("1"))
		if b.Owner != "n1" {
			f.Errorf("owner %q, want n1", b.Owner)
		}
		f.one(app("alice"), web("S"), web("S2"), call("1"), call("2"))
		f.leads("n2", call("1"), call("2"))
		if n := len(f.all()); n != 1 {
			f.Errorf("%d sessions, want 1", n)
		}
	}},
	{name: "MergeChain", says: "What was taken over goes on with its session, however often keys and identities change.", run: func(f *fixture) {
		for i := range 5 {
			f.bind("n1", web(fmt.Sprint("S", i)), call(fmt.Sprint("c", i)))
			b := f.bind("n1", app("alice"), web(fmt.Sprint("S", i)))
			if err := f.Drop(ctx, b.ID, app("alice").Key); err != nil {
				f.Fatal(err)
			}
			if !f.find(web("S0")).Anonymous {
				f.Error("a session that lost its identity is anonymous")
			}
			f.bind("n1", app(fmt.Sprint("bob", i)))
			f.bind("n1", app(fmt.Sprint("bob", i)), call("c0"))
			if err := f.Drop(ctx, f.find(call("c0")).ID, app(fmt.Sprint("bob", i)).Key); err != nil {
				f.Fatal(err)
			}
			f.bind("n1", app("alice"), call("c0"))
		}
		f.one(app("alice"), web("S0"), call("c0"), web("S4"), call("c4"))
	}},
	{name: "NoIdentityNoMerge", says: "Without an identity among the keys nothing is merged: the first bound key decides, the others stay.", run: func(f *fixture) {
		f.bind("n1", web("S"))
		f.bind("n2", call("1"))
		b := f.bind("n3", call("new"), call("1"), web("S"))
		if b.Owner != "n2" || b.Found != 0 {
			f.Errorf("got %+v, want the session of call:1 on n2", b)
		}
		f.one(call("1"), call("new"))
		f.leads("n1", web("S"))
		f.bind("n3", app("alice"))
		b = f.bind("n4", web("S"), call("1"), app("alice"))
		if b.Owner != "n3" {
			f.Errorf("with an identity it decides, wherever it stands: %+v", b)
		}
	}},
	{name: "Linked", says: "Without an identity, a new key joins the session of the first bound key even if that has an identity.", run: func(f *fixture) {
		f.bind("n1", app("alice"), web("S"))
		f.bind("n2", web("S"), call("1"))
		f.one(app("alice"), call("1"))
		f.leads("n1", call("1"))
	}},
	{name: "Speaks", says: "The binding returned speaks of the first of the keys that is in the session.", run: func(f *fixture) {
		f.bind("n1", app("alice"), web("A"))
		b := f.bind("n2", web("A"), app("bob"), at(call("1"), "n3"))
		if b.Owner != "n2" || b.Node != "n2" || b.Found != 1 {
			f.Errorf("got %+v, want bob's, found at 1", b)
		}
		b = f.bind("n2", at(call("1"), "n3"), app("bob"))
		if b.Node != "n3" || b.Owner != "n2" || b.Found != 0 {
			f.Errorf("got %+v, want the call's node n3", b)
		}
	}},
}

func move(f *fixture, id appsession.ID, from, to string) appsession.Binding {
	f.Helper()
	b, err := f.Move(ctx, id, appsession.Change{From: from, To: to, Leave: true})
	if err != nil {
		f.Fatalf("Move(%s, %s): %v", from, to, err)
	}
	return b
}
