package storetest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"twinhop/appsession"
)

const workers = 8

// many is how often each worker does a thing.
func many(long, short int) int {
	if testing.Short() {
		return short
	}
	return long
}

// together runs work on all workers at once and waits for them.
func together(work func(worker int)) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for w := range workers {
		wg.Go(func() {
			<-start
			work(w)
		})
	}
	close(start)
	wg.Wait()
}

var raceProofs = []proof{
	{name: "OneWinner", says: "A race of first writers has one winner, and every one of them is told the same.", run: func(f *fixture) {
		n := many(20_000, 2_000)
		told := make([][]string, workers)
		together(func(w int) {
			told[w] = make([]string, n)
			for i := range n {
				b, err := f.tryBind(fmt.Sprint("n", w), app(fmt.Sprint("u", i)), call(fmt.Sprint(w, "-", i)))
				if err != nil {
					f.Errorf("Bind: %v", err)
					return
				}
				told[w][i] = b.Owner
			}
		})
		for i := range n {
			for w := range workers {
				if told[w][i] != told[0][i] {
					f.Fatalf("u%d: worker 0 was told %s, worker %d %s", i, told[0][i], w, told[w][i])
				}
			}
		}
		total := 0
		if c, ok := f.Store.(appsession.Counter); ok {
			for w := range workers {
				total += c.Count(fmt.Sprint("n", w))
			}
			if total != n {
				f.Errorf("%d sessions are counted, want %d", total, n)
			}
		}
	}},
	{name: "ReadYourWrite", says: "A write is seen by the next read: never a miss.", run: func(f *fixture) {
		n := many(100_000, 5_000)
		var misses atomic.Int64
		together(func(w int) {
			node := fmt.Sprint("n", w)
			near, _ := f.Store.(appsession.Near)
			for i := range n {
				k := call(fmt.Sprint(w, "-", i))
				if _, err := f.tryBind(node, k); err != nil {
					f.Errorf("Bind: %v", err)
					return
				}
				b, err := f.Find(ctx, []appsession.Key{k.Key})
				if err != nil || b.Node != node {
					misses.Add(1)
				}
				if near != nil {
					if b, a := near.Now([]appsession.Key{k.Key}); a == appsession.Free || a == appsession.Bound && b.Node != node {
						misses.Add(1)
					}
				}
			}
		})
		if m := misses.Load(); m != 0 {
			f.Errorf("%d misses of %d", m, workers*n)
		}
	}},
	{name: "CompareAndSwap", says: "Of several who move a session from one owner, one succeeds; Rev counts the moves.", run: func(f *fixture) {
		n := many(3_000, 300)
		b := f.bind("n-0", app("alice"), web("S"))
		var won atomic.Int64
		together(func(w int) {
			for i := range n {
				m, err := f.Move(ctx, b.ID, appsession.Change{From: fmt.Sprint("n-", i), To: fmt.Sprint("n-", i+1)})
				switch {
				case err == nil:
					won.Add(1)
				case m.Owner == fmt.Sprint("n-", i):
					f.Errorf("lost to nobody at %d", i)
				}
			}
		})
		if got := f.find(app("alice")); won.Load() != int64(n) || got.Rev != uint32(n)+1 || got.Owner != fmt.Sprint("n-", n) {
			f.Errorf("%d moves won, want %d; now %+v", won.Load(), n, got)
		}
	}},
	{name: "TakeoverOnceRace", says: "Of several identities that take one anonymous session over, one gets it, with all its aliases at once.", run: func(f *fixture) {
		for i := range many(1_000, 100) {
			keys := []appsession.Alias{web(fmt.Sprint("S", i)), call(fmt.Sprint("c", i)), call(fmt.Sprint("d", i))}
			f.bind("n0", keys...)
			together(func(w int) {
				me := app(fmt.Sprint("u", i, "-", w))
				if w%2 == 0 {
					f.tryBind(fmt.Sprint("n", w), me)
				}
				f.tryBind(fmt.Sprint("n", w), me, keys[w%3])
				// Whoever has one of the keys has them all.
				a, _ := f.Find(ctx, []appsession.Key{keys[0].Key})
				b, _ := f.Find(ctx, []appsession.Key{keys[2].Key})
				if a.ID != b.ID || a.Anonymous {
					f.Errorf("torn: %+v and %+v", a, b)
				}
			})
			f.one(keys...)
		}
		if v := f.all(); len(v) > 0 {
			for id, s := range v {
				apps := 0
				for _, k := range s.Keys {
					if k.Space == appsession.App {
						apps++
					}
				}
				if apps != 1 {
					f.Errorf("%v has %d identities", id, apps)
				}
			}
		}
	}},
	{name: "Atomic", says: "Bind is atomic over all its keys: who sees one sees all; in whatever order they are given nobody waits for ever.", run: func(f *fixture) {
		n := many(5_000, 500)
		together(func(w int) {
			for i := range n {
				a, b, c := app(fmt.Sprint("u", i)), web(fmt.Sprint("S", i)), call(fmt.Sprint("c", i))
				keys := [][]appsession.Alias{{a, b, c}, {c, b, a}, {b, c, a}, {b, a, c}}[w%4]
				if _, ok := f.Find(ctx, []appsession.Key{keys[0].Key}); ok == nil {
					f.one(keys...)
				}
				if _, err := f.tryBind(fmt.Sprint("n", w), keys...); err != nil {
					f.Errorf("Bind: %v", err)
				}
				f.one(keys...)
			}
		})
	}},
	{name: "CapRace", says: "The table never holds more than its cap, at no instant.", opts: Options{MaxKeys: 1000}, run: func(f *fixture) {
		g, ok := f.Store.(appsession.Gauge)
		if !ok {
			f.Skip("not a Gauge")
		}
		n := many(20_000, 2_000)
		together(func(w int) {
			for i := range n {
				keys := []appsession.Alias{call(fmt.Sprint(w, "-", i)), web(fmt.Sprint(w, "-", i))}
				b, err := f.tryBind("n1", keys...)
				if u := g.Usage(); u.Keys > 1000 {
					f.Errorf("%d keys", u.Keys)
				}
				if err == nil && i%3 == 0 {
					f.leads("n1", keys...)
					f.Drop(ctx, b.ID)
				}
			}
		})
		listed := 0
		for _, v := range f.all() {
			listed += len(v.Keys)
		}
		if u := g.Usage(); listed != u.Keys {
			f.Errorf("%d keys listed, %d counted", listed, u.Keys)
		}
	}},
	{name: "Storm", says: "Binding, moving, dropping, merging, listing and the passing of time may all happen at once; counts are right afterwards.", run: storm},
}

func storm(f *fixture) {
	n := many(10_000, 1_000)
	together(func(w int) {
		for i := range n {
			k := (i*7 + w) % 13
			user, id, c := app(fmt.Sprint("u", k%5)), web(fmt.Sprint("S", k)), call(fmt.Sprint("c", k))
			node := fmt.Sprint("n", i%3)
			switch (i + w) % 8 {
			case 0, 1:
				f.tryBind(node, id, c)
			case 2, 3:
				f.tryBind(node, user, id)
			case 4:
				if b, err := f.Find(ctx, []appsession.Key{user.Key, id.Key}); err == nil {
					f.Move(ctx, b.ID, appsession.Change{From: b.Owner, To: node, Leave: true})
				}
			case 5:
				if b, err := f.Find(ctx, []appsession.Key{id.Key, c.Key}); err == nil && i%5 == 0 {
					f.Drop(ctx, b.ID)
				} else if err == nil {
					f.Drop(ctx, b.ID, user.Key, c.Key)
				}
			case 6:
				if m, ok := f.Store.(appsession.Mover); ok && i%16 == 0 {
					m.MoveAll(ctx, appsession.Change{From: node, To: "n0", Leave: true})
				}
			case 7:
				if i%32 == 0 {
					f.pass(60e9)
				}
				f.tryBind(node, user, c, id)
			}
		}
	})
	owners, keys, list := map[string]int{}, map[appsession.Key]bool{}, f.all()
	for _, v := range list {
		owners[v.Owner]++
		for _, k := range v.Keys {
			if keys[k.Key] {
				f.Errorf("%s:%s is in two sessions", k.Space, k.Value)
			}
			keys[k.Key] = true
			if b := f.find(k); b.ID != v.ID {
				f.Errorf("%s:%s is listed under %v and found in %v", k.Space, k.Value, v.ID, b.ID)
			}
		}
	}
	for i := range 3 {
		f.counts(fmt.Sprint("n", i), owners[fmt.Sprint("n", i)])
	}
}
