package storetest

import (
	"fmt"
	"slices"

	"twinhop/appsession"
)

var moveProofs = []proof{
	{name: "Move", says: "Move changes the owner and its incarnation; keys that follow the owner follow, keys with a node of their own keep it; Rev grows.", run: func(f *fixture) {
		b := f.bind("n1", app("alice"), web("S"), at(call("1"), "n1"), at(web("T"), "n3"))
		m, err := f.Move(ctx, b.ID, appsession.Change{From: "n1", To: "n2", Gen: 9, Leave: true})
		if err != nil || m.ID != b.ID || m.Node != "n2" || m.Owner != "n2" || m.Gen != 9 || m.Rev != b.Rev+1 {
			f.Fatalf("got %+v, %v", m, err)
		}
		f.leads("n2", app("alice"), web("S"))
		f.leads("n1", call("1"))
		f.leads("n3", web("T"))
		if g := f.find(app("alice")); g.Gen != 9 || g.Rev != m.Rev || g.Moved {
			f.Errorf("got %+v", g)
		}
		f.counts("n1", 0)
		f.counts("n2", 1)
	}},
	{name: "MoveLost", says: "Move is a compare-and-swap: who loses gets ErrMoved and the present binding.", run: func(f *fixture) {
		b := f.bind("n1", app("alice"))
		move(f, b.ID, "n1", "n2")
		m, err := f.Move(ctx, b.ID, appsession.Change{From: "n1", To: "n3"})
		f.refused(err, appsession.ErrMoved)
		if m.Owner != "n2" || m.Rev != 2 {
			f.Errorf("got %+v, want the present one on n2", m)
		}
		f.leads("n2", app("alice"))
		f.counts("n2", 1)
		f.counts("n3", 0)
	}},
	{name: "MoveUnknown", says: "Moving what is not there is ErrNotFound; moving to nowhere is refused.", run: func(f *fixture) {
		_, err := f.Move(ctx, appsession.ID{1}, appsession.Change{From: "n1", To: "n2"})
		f.refused(err, appsession.ErrNotFound)
		b := f.bind("n1", app("alice"))
		_, err = f.Move(ctx, b.ID, appsession.Change{From: "n1"})
		f.refused(err, appsession.ErrBinding)
		f.leads("n1", app("alice"))
	}},
	{name: "Left", says: "A node left for good enters Left, newest first; a node returned to leaves it.", run: func(f *fixture) {
		b := f.bind("n1", app("alice"))
		move(f, b.ID, "n1", "n2")
		move(f, b.ID, "n2", "n3")
		if got := f.find(app("alice")).Left.Nodes(); !slices.Equal(got, []string{"n2", "n1"}) {
			f.Errorf("Left is %v, want n2, n1", got)
		}
		move(f, b.ID, "n3", "n2")
		if got := f.find(app("alice")).Left.Nodes(); !slices.Equal(got, []string{"n3", "n1"}) {
			f.Errorf("Left is %v, want n3, n1", got)
		}
	}},
	{name: "LeftNot", says: "Without Leave the old owner stays a place for guests: it does not enter Left.", run: func(f *fixture) {
		b := f.bind("n1", app("alice"))
		move(f, b.ID, "n1", "n2")
		m, err := f.Move(ctx, b.ID, appsession.Change{From: "n2", To: "n1"})
		if err != nil || m.Left.Has("n2") || m.Left.Has("n1") {
			f.Errorf("Left is %v, %v", m.Left.Nodes(), err)
		}
	}},
	{name: "MoveAll", says: "MoveAll moves all sessions of a node and all keys with that node of their own; calls are marked moved; everything else stays.", run: func(f *fixture) {
		mover, ok := f.Store.(appsession.Mover)
		if !ok {
			f.Skip("not a Mover")
		}
		for i := range 50 {
			f.bind("n1", app(fmt.Sprint("a", i)), at(call(fmt.Sprint("own", i)), "n1"), call(fmt.Sprint("follows", i)), at(call(fmt.Sprint("third", i)), "n3"))
			f.bind("n2", app(fmt.Sprint("b", i)), at(web(fmt.Sprint("guest", i)), "n1"))
		}
		n, err := mover.MoveAll(ctx, appsession.Change{From: "n1", To: "n4", Gen: 5, Leave: true})
		if err != nil || n != 50 {
			f.Errorf("moved %d, %v, want 50", n, err)
		}
		for i := range 50 {
			own, follows, third := call(fmt.Sprint("own", i)), call(fmt.Sprint("follows", i)), call(fmt.Sprint("third", i))
			guest := web(fmt.Sprint("guest", i))
			f.leads("n4", app(fmt.Sprint("a", i)), own, follows, guest)
			f.leads("n2", app(fmt.Sprint("b", i)))
			f.leads("n3", third)
			if !f.find(own).Moved || !f.find(follows).Moved || f.find(third).Moved || f.find(guest).Moved {
				f.Error("moved must be the calls that were on the node, and only they")
			}
			if b := f.find(own); b.Owner != "n4" || b.Gen != 5 || b.Rev != 2 || !b.Left.Has("n1") {
				f.Errorf("got %+v", b)
			}
		}
		f.counts("n1", 0)
		f.counts("n2", 50)
		f.counts("n4", 50)
		if n, err := mover.MoveAll(ctx, appsession.Change{From: "n1", To: "n4"}); n != 0 || err != nil {
			f.Errorf("again: %d, %v", n, err)
		}
	}},
	{name: "MovedStays", says: "A moved call stays moved when the session goes on, even back.", run: func(f *fixture) {
		mover, ok := f.Store.(appsession.Mover)
		if !ok {
			f.Skip("not a Mover")
		}
		b := f.bind("n1", app("alice"), call("1"))
		if _, err := mover.MoveAll(ctx, appsession.Change{From: "n1", To: "n2", Leave: true}); err != nil {
			f.Fatal(err)
		}
		move(f, b.ID, "n2", "n1")
		if g := f.find(call("1")); g.Node != "n2" || !g.Moved || g.Owner != "n1" {
			f.Errorf("got %+v, want the call on n2", g)
		}
	}},
}
