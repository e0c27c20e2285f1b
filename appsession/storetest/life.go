package storetest

import (
	"time"

	"twinhop/appsession"
)

// Stores may be late by two seconds, never early by one.
const late, soon = 2 * time.Second, time.Second

var lifeProofs = []proof{
	{name: "Idle", says: "A session nobody asked for during the idle time ends with all its keys, not before.", run: func(f *fixture) {
		f.bind("n1", app("alice"), web("S"))
		f.pass(30*time.Minute - soon)
		f.leads("n1", app("alice"), web("S"))
		f.pass(soon + late)
		f.gone(app("alice"), web("S"))
		if n := len(f.all()); n != 0 {
			f.Errorf("%d sessions listed", n)
		}
	}},
	{name: "FindDoesNotTouch", says: "Find is a pure read: it changes nothing, not even the time last seen.", run: func(f *fixture) {
		f.bind("n1", app("alice"))
		for range 30 {
			f.pass(time.Minute)
			if _, err := f.Find(ctx, []appsession.Key{app("alice").Key}); err != nil {
				f.Fatal(err)
			}
		}
		f.pass(late)
		f.gone(app("alice"))
	}},
	{name: "NowTouches", says: "Now touches the session it finds, by whichever key.", run: func(f *fixture) {
		near, ok := f.Store.(appsession.Near)
		if !ok {
			f.Skip("not a Near")
		}
		f.bind("n1", app("alice"), web("S"))
		for range 5 {
			f.pass(29 * time.Minute)
			if _, a := near.Now([]appsession.Key{web("S").Key}); a == appsession.Free {
				f.Fatal("it ended in spite of being asked for")
			}
		}
		f.leads("n1", app("alice"))
	}},
	{name: "BindTouches", says: "Binding touches the session.", run: func(f *fixture) {
		f.bind("n1", app("alice"), web("S"))
		for range 5 {
			f.pass(29 * time.Minute)
			f.bind("n2", web("S"))
		}
		f.leads("n1", app("alice"))
	}},
	{name: "MoveDoesNotTouch", says: "Moving does not touch.", run: func(f *fixture) {
		b := f.bind("n1", app("alice"))
		f.pass(20 * time.Minute)
		move(f, b.ID, "n1", "n2")
		f.pass(10*time.Minute + late)
		f.gone(app("alice"))
		_, err := f.Move(ctx, b.ID, appsession.Change{From: "n2", To: "n3"})
		f.refused(err, appsession.ErrNotFound)
	}},
	{name: "Absolute", says: "A session ends at its absolute age, however busy it is.", run: func(f *fixture) {
		f.bind("n1", app("alice"))
		for range 47 {
			f.pass(15 * time.Minute)
			f.bind("n1", app("alice"))
		}
		f.leads("n1", app("alice"))
		f.pass(15*time.Minute + late)
		f.gone(app("alice"))
	}},
	{name: "Anew", says: "What ended can be bound anew, to another node, under the same name.", run: func(f *fixture) {
		old := f.bind("n1", app("alice"), web("S"))
		f.pass(31 * time.Minute)
		b := f.bind("n2", app("alice"))
		if b.Owner != "n2" || b.ID != old.ID || b.Rev != 1 {
			f.Errorf("got %+v", b)
		}
		f.gone(web("S"))
		f.counts("n2", 1)
		f.counts("n1", 0)
	}},
	{name: "LifeLonger", says: "A call in progress keeps its key and with it the session, whatever the idle time is.", run: func(f *fixture) {
		f.bind("n1", app("alice"), lasting(call("1"), 2*time.Hour))
		f.pass(2*time.Hour - soon)
		f.leads("n1", app("alice"), call("1"))
		f.pass(soon + late)
		f.gone(app("alice"), call("1"))
	}},
	{name: "LifeBeyondMax", says: "A call in progress keeps its session beyond the absolute age.", opts: Options{Max: time.Hour}, run: func(f *fixture) {
		f.bind("n1", app("alice"), lasting(call("1"), 2*time.Hour))
		f.pass(2*time.Hour - soon)
		f.leads("n1", app("alice"), call("1"))
		f.pass(soon + late)
		f.gone(app("alice"), call("1"))
	}},
	{name: "LifeShorter", says: "The Call-ID of an unanswered INVITE ends early; the session goes on.", run: func(f *fixture) {
		f.bind("n1", app("alice"), lasting(call("1"), 3*time.Minute))
		f.pass(3*time.Minute - soon)
		f.leads("n1", call("1"))
		f.pass(soon + late)
		f.gone(call("1"))
		f.leads("n1", app("alice"))
	}},
	{name: "LifeLast", says: "A session whose last key ended early is forgotten.", run: func(f *fixture) {
		b := f.bind("n1", lasting(call("1"), 3*time.Minute), lasting(call("2"), time.Minute))
		f.pass(3*time.Minute + late)
		f.gone(call("1"), call("2"))
		f.refused(f.Drop(ctx, b.ID), appsession.ErrNotFound)
		if n := len(f.all()); n != 0 {
			f.Errorf("%d sessions listed", n)
		}
		f.counts("n1", 0)
	}},
	{name: "LifeWeb", says: "When its last HTTP key ends early, the session has none, and a name that ended is free.", run: func(f *fixture) {
		b := f.bind("n1", app("alice"), lasting(web("S"), 30*time.Second))
		f.pass(30*time.Second + late)
		if f.find(app("alice")).Web {
			f.Error("the HTTP key has ended")
		}
		if v := f.all()[b.ID]; len(v.Keys) != 1 {
			f.Errorf("keys listed: %+v", v.Keys)
		}
		if c := f.bind("n2", web("S")); c.Owner != "n2" {
			f.Errorf("got %+v, want a new session", c)
		}
	}},
	{name: "LifeEach", says: "Of several keys that end early each ends at its own time, and counts no more.", run: func(f *fixture) {
		b := f.bind("n1", app("alice"), lasting(call("1"), 3*time.Minute), lasting(web("S"), time.Minute), lasting(call("2"), 2*time.Minute))
		for i, left := range []int{3, 2, 1} {
			f.pass(time.Minute + late)
			if got := f.find(app("alice")); got.Web {
				f.Errorf("after %d minutes the HTTP key still counts", i+1)
			}
			if v := f.all()[b.ID]; len(v.Keys) != left {
				f.Errorf("after %d minutes there are %d keys, want %d", i+1, len(v.Keys), left)
			}
		}
		f.gone(call("1"), call("2"), web("S"))
	}},
	{name: "LifeAnswered", says: "The next Life replaces the last: an answered call holds the session, its end lets go.", run: func(f *fixture) {
		f.bind("n1", app("alice"), lasting(call("1"), 3*time.Minute))
		f.bind("n1", lasting(call("1"), 5*time.Hour))
		f.pass(4 * time.Hour)
		f.leads("n1", app("alice"), call("1"))
		f.bind("n1", lasting(call("1"), 32*time.Second))
		f.pass(32*time.Second + late)
		f.gone(call("1"))
		f.pass(29 * time.Minute)
		f.leads("n1", app("alice"))
		f.pass(time.Minute)
		f.gone(app("alice"))
	}},
	{name: "LifeUnchanged", says: "Life 0 changes nothing of a key that is there.", run: func(f *fixture) {
		f.bind("n1", lasting(app("alice"), 2*time.Hour), lasting(web("S"), 30*time.Second))
		f.bind("n1", app("alice"), web("S"))
		f.pass(30*time.Second + late)
		f.gone(web("S"))
		f.pass(time.Hour)
		f.leads("n1", app("alice"))
	}},
	{name: "LifeAnew", says: "A key that a node gives out anew lives as long as the session.", run: func(f *fixture) {
		f.bind("n1", call("1"), lasting(web("S"), 30*time.Second))
		f.bind("n1", with(web("S"), func(a *appsession.Alias) { a.Sent = &appsession.Sent{ID: "S.n1"} }))
		f.pass(time.Minute)
		f.leads("n1", web("S"))
	}},
	{name: "LifeIdentity", says: "A short registration holds an identity but never ends it early.", run: func(f *fixture) {
		f.bind("n1", lasting(app("alice"), 2*time.Minute))
		f.pass(3 * time.Minute)
		f.leads("n1", app("alice"))
		f.bind("n1", lasting(app("alice"), time.Hour+time.Minute))
		f.pass(time.Hour)
		f.leads("n1", app("alice"))
	}},
	{name: "LifeDropped", says: "What a call held ends when its key is dropped.", run: func(f *fixture) {
		b := f.bind("n1", app("alice"), lasting(call("1"), 5*time.Hour))
		if err := f.Drop(ctx, b.ID, call("1").Key); err != nil {
			f.Fatal(err)
		}
		f.pass(30*time.Minute + late)
		f.gone(app("alice"))
	}},
	{name: "LifeMerged", says: "Lives go over with their keys.", run: func(f *fixture) {
		f.bind("n2", lasting(call("1"), 2*time.Hour), web("S"), lasting(call("2"), time.Minute))
		f.bind("n1", app("alice"))
		f.bind("n1", app("alice"), web("S"))
		f.pass(time.Minute + late)
		f.gone(call("2"))
		f.pass(time.Hour)
		f.leads("n1", app("alice"), web("S"))
		f.leads("n2", call("1"))
	}},
	{name: "Expires", says: "A listing tells when the session ends if nobody asks for it.", run: func(f *fixture) {
		b := f.bind("n1", app("alice"))
		f.pass(10 * time.Minute)
		f.bind("n1", app("alice"))
		v := f.all()[b.ID]
		if v.Seen.Sub(v.Born) != 10*time.Minute || v.Expires.Sub(v.Seen) != 30*time.Minute {
			f.Errorf("born %v, seen %v, expires %v", v.Born, v.Seen, v.Expires)
		}
	}},
}
