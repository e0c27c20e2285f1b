package storetest

import (
	"errors"
	"fmt"
	"time"

	"twinhop/appsession"
)

var roomProofs = []proof{
	{name: "Full", says: "At the cap a new session is refused with ErrFull and nothing of it is stored; a live binding is never evicted.",
		opts: Options{MaxKeys: 100}, run: func(f *fixture) {
			for i := range 99 {
				f.bind("n1", call(fmt.Sprint(i)))
			}
			_, err := f.tryBind("n2", web("S"), call("x"))
			f.refused(err, appsession.ErrFull)
			f.gone(web("S"), call("x"))
			for i := range 500 {
				f.tryBind("n2", call(fmt.Sprint("flood", i)))
			}
			for i := range 99 {
				f.leads("n1", call(fmt.Sprint(i)))
			}
			f.bind("n2", call("5")) // what is there is served
			if g, ok := f.Store.(appsession.Gauge); ok {
				if u := g.Usage(); u.Keys > u.MaxKeys || u.MaxKeys != 100 {
					f.Errorf("usage %+v", u)
				}
			}
		}},
	{name: "FullAlias", says: "An alias that does not fit is refused whole: the session stays as it was.",
		opts: Options{MaxKeys: 3}, run: func(f *fixture) {
			f.bind("n1", app("alice"), web("S"))
			_, err := f.tryBind("n1", at(web("S"), "n2"), call("1"), call("2"))
			f.refused(err, appsession.ErrFull)
			f.leads("n1", web("S"))
			f.gone(call("1"), call("2"))
			f.bind("n1", web("S"), call("3"))
			f.one(app("alice"), call("3"))
		}},
	{name: "FullMerge", says: "A take-over needs no room but for the identity.", opts: Options{MaxKeys: 4}, run: func(f *fixture) {
		f.bind("n1", app("alice"))
		f.bind("n1", web("S"), call("1"))
		f.bind("n1", call("2"))
		f.bind("n1", app("alice"), web("S"))
		f.one(app("alice"), web("S"), call("1"))
		_, err := f.tryBind("n1", app("bob"), call("2"))
		f.refused(err, appsession.ErrFull)
		if !f.find(call("2")).Anonymous {
			f.Error("half a take-over")
		}
	}},
	{name: "Overflow", says: "Overflow begins when something does not fit and ends only when a part of the table is free; then new sessions are bound again.",
		opts: Options{MaxKeys: 320}, run: func(f *fixture) {
			g, ok := f.Store.(appsession.Gauge)
			if !ok {
				f.Skip("not a Gauge")
			}
			for i := range 320 {
				f.bind("n1", call(fmt.Sprint(i)))
			}
			if u := g.Usage(); u.Overflow || u.Keys != 320 || u.Sessions != 320 {
				f.Errorf("full, nothing refused yet: %+v", u)
			}
			_, err := f.tryBind("n1", call("x"))
			f.refused(err, appsession.ErrFull)
			if !g.Usage().Overflow {
				f.Error("no overflow")
			}
			drop := func(i int) {
				if err := f.Drop(ctx, f.find(call(fmt.Sprint(i))).ID); err != nil {
					f.Fatal(err)
				}
			}
			drop(0)
			_, err = f.tryBind("n1", call("x"))
			f.refused(err, appsession.ErrFull)
			f.bind("n1", call("1"), call("x")) // an existing session still gets its alias
			for i := 1; i < 40; i++ {
				drop(i)
			}
			if g.Usage().Overflow {
				f.Error("overflow does not end")
			}
			f.bind("n1", call("y"))
		}},
	{name: "FullExpired", says: "At the cap keys whose time is over go first.", opts: Options{MaxKeys: 100}, run: func(f *fixture) {
		for i := range 33 {
			f.bind("n1", call(fmt.Sprint("old", i)))
			f.bind("n1", app(fmt.Sprint("u", i)), lasting(call(fmt.Sprint("ringing", i)), 3*time.Minute))
		}
		f.pass(31 * time.Minute)
		for i := range 100 {
			f.bind("n2", call(fmt.Sprint("new", i)))
		}
	}},
	{name: "Droppable", says: "At the cap keys kept for listings only are dropped, oldest first, before anything is refused; nothing else is.",
		opts: Options{MaxKeys: 20}, run: func(f *fixture) {
			listed := func(i int) appsession.Alias {
				return with(call(fmt.Sprint("listed", i)), func(a *appsession.Alias) { a.Droppable = true })
			}
			for i := range 10 {
				f.bind("n1", listed(i))
				f.bind("n1", call(fmt.Sprint("live", i)))
			}
			for i := range 10 {
				if _, err := f.tryBind("n1", call(fmt.Sprint("more", i))); err != nil {
					f.Fatalf("after %d: %v", i, err)
				}
				f.gone(listed(i))
			}
			_, err := f.tryBind("n1", call("last"))
			f.refused(err, appsession.ErrFull)
			for i := range 10 {
				f.leads("n1", call(fmt.Sprint("live", i)), call(fmt.Sprint("more", i)))
			}
		}},
	{name: "DroppableNoMore", says: "A droppable key that is bound as a routing one is a promise from then on.",
		opts: Options{MaxKeys: 2}, run: func(f *fixture) {
			f.bind("n1", app("alice"), with(call("1"), func(a *appsession.Alias) { a.Droppable = true }))
			f.bind("n1", call("1"))
			_, err := f.tryBind("n1", call("2"))
			f.refused(err, appsession.ErrFull)
			f.leads("n1", call("1"), app("alice"))
		}},
	{name: "Reuse", says: "Room that was given back is used again, without end.", opts: Options{MaxKeys: 64}, run: func(f *fixture) {
		for i := range 5000 {
			b, err := f.tryBind("n1", call(fmt.Sprint(i)), web(fmt.Sprint(i)), lasting(call(fmt.Sprint("r", i)), time.Second))
			if errors.Is(err, appsession.ErrFull) {
				f.Fatalf("full after %d", i)
			}
			switch i % 3 {
			case 0:
				f.Drop(ctx, b.ID, web(fmt.Sprint(i)).Key, call(fmt.Sprint(i)).Key)
				f.pass(3 * time.Second)
			case 1:
				f.Drop(ctx, b.ID)
			case 2:
				f.pass(31 * time.Minute)
			}
		}
		f.pass(13 * time.Hour)
		if n := len(f.all()); n != 0 {
			f.Errorf("%d sessions listed", n)
		}
		if g, ok := f.Store.(appsession.Gauge); ok {
			if u := g.Usage(); u.Keys != 0 || u.Sessions != 0 || u.Overflow {
				f.Errorf("an empty table says %+v", u)
			}
		}
		f.counts("n1", 0)
	}},
}
