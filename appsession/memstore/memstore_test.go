package memstore

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"twinhop/appsession"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func callKey(v string) appsession.Key { return appsession.Key{Space: appsession.Call, Value: v} }

// A look-up and the binding of what is bound already allocate nothing.
func TestNoAllocation(t *testing.T) {
	s, ctx := New(Options{}), context.Background()
	buf := []byte("call-17")
	for i := range 100 {
		bindOne(t, s, callKey(fmt.Sprint("call-", i)), "n1")
	}
	near := appsession.Store(s).(appsession.Near)
	keys := []appsession.Key{callKey("unknown"), callKey(string(buf))}
	if n := testing.AllocsPerRun(1000, func() {
		if b, a := near.Now(keys); a != appsession.Bound || b.Found != 1 {
			t.Fatal("miss")
		}
	}); n != 0 {
		t.Errorf("Now allocates %v times", n)
	}
	if n := testing.AllocsPerRun(1000, func() { s.Find(ctx, keys) }); n != 0 {
		t.Errorf("Find allocates %v times", n)
	}
	if n := testing.AllocsPerRun(1000, func() { near.Now(keys[:1]) }); n != 0 {
		t.Errorf("a miss allocates %v times", n)
	}
}

// Run alone makes time pass and memory come back; it ends with its context.
func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{Idle: time.Minute})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- s.Run(ctx) }()
		for i := range 10_000 {
			bindOne(t, s, callKey(fmt.Sprint(i)), "n1")
		}
		time.Sleep(59 * time.Second)
		if u := s.Usage(); u.Keys != 10_000 || u.Sessions != 10_000 {
			t.Errorf("ended too soon: %+v", u)
		}
		time.Sleep(3 * time.Second)
		if _, err := s.Find(ctx, []appsession.Key{callKey("1")}); err != appsession.ErrNotFound {
			t.Errorf("Find: %v", err)
		}
		time.Sleep(time.Minute)
		if u := s.Usage(); u.Keys != 0 || u.Sessions != 0 || s.Count("n1") != 0 {
			t.Errorf("not swept within a minute: %+v", u)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// A flood ends in overflow, the sweeper hurries, and the memory comes back.
func TestFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, ctx := New(Options{MaxKeys: 50_000}), t.Context()
		go s.Run(ctx)
		full := 0
		for i := range 100_000 {
			k := appsession.Alias{Key: callKey(fmt.Sprint(i)), Life: 37 * time.Second}
			if _, err := s.Bind(ctx, appsession.Binding{ID: appsession.Namer{}.ID(k.Key), Owner: "n1"}, []appsession.Alias{k}); err != nil {
				full++
			}
			if i%50 == 49 {
				time.Sleep(10 * time.Millisecond)
			}
		}
		if u := s.Usage(); full == 0 || u.Keys > 50_000 || !u.Overflow {
			t.Errorf("refused %d, %+v", full, u)
		}
		time.Sleep(time.Minute)
		if u := s.Usage(); u.Keys != 0 || u.Overflow {
			t.Errorf("after the flood: %+v", u)
		}
		time.Sleep(time.Minute) // empty tables shrink when the sweeper comes by again
		slots := 0
		for i := range s.keys {
			slots += len(s.keys[i].slots)
		}
		if slots > shards*minSlots*2 {
			t.Errorf("%d slots are kept for nothing", slots)
		}
	})
}

// While the table overflows the sweeper hurries, so that it soon ends.
func TestHurry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 200_000
		s, ctx := New(Options{MaxKeys: n, Idle: 30 * time.Second}), t.Context()
		for i := range n {
			bindOne(t, s, callKey(fmt.Sprint(i)), "n1")
		}
		k := callKey("one more")
		_, err := s.Bind(ctx, appsession.Binding{ID: appsession.ID{1}, Owner: "n1"}, []appsession.Alias{{Key: k}})
		if err != appsession.ErrFull || !s.Usage().Overflow {
			t.Fatalf("%v, %+v", err, s.Usage())
		}
		go s.Run(ctx)
		time.Sleep(31*time.Second + 5*step/2) // three steps after all of it has ended
		if u := s.Usage(); u.Overflow {
			t.Errorf("the sweeper takes its time: %+v", u)
		}
	})
}

// What a Bind saw of sessions may be past when it comes to the deed. Then it
// must look again. This is the moment between, made to last.
func TestLookAgain(t *testing.T) {
	web := func(v string) appsession.Alias {
		return appsession.Alias{Key: appsession.Key{Space: appsession.HTTP, Value: v}}
	}
	app := func(v string) appsession.Alias {
		return appsession.Alias{Key: appsession.Key{Space: appsession.App, Value: v}}
	}
	for name, c := range map[string]struct {
		keys    []appsession.Alias
		between func(s *Store, bind func(...appsession.Alias) appsession.ID, a, b appsession.ID)
		again   bool
	}{
		"nothing":         {[]appsession.Alias{web("A"), web("new")}, nil, false},
		"session dropped": {[]appsession.Alias{web("A")}, func(s *Store, _ func(...appsession.Alias) appsession.ID, a, _ appsession.ID) { s.Drop(t.Context(), a) }, true},
		"key dropped": {[]appsession.Alias{web("A")}, func(s *Store, _ func(...appsession.Alias) appsession.ID, a, _ appsession.ID) {
			s.Drop(t.Context(), a, web("A").Key)
		}, true},
		"identity came": {[]appsession.Alias{app("bob"), web("A")}, func(s *Store, bind func(...appsession.Alias) appsession.ID, _, _ appsession.ID) {
			bind(app("carol"), web("A"))
		}, true},
		"taken over": {[]appsession.Alias{web("A")}, func(s *Store, bind func(...appsession.Alias) appsession.ID, _, _ appsession.ID) {
			bind(app("alice"), web("A"))
		}, true},
		"guest dropped": {[]appsession.Alias{app("alice"), web("A")}, func(s *Store, _ func(...appsession.Alias) appsession.ID, a, _ appsession.ID) { s.Drop(t.Context(), a) }, true},
		"guest got an identity": {[]appsession.Alias{app("alice"), web("A")}, func(s *Store, bind func(...appsession.Alias) appsession.ID, _, _ appsession.ID) {
			bind(app("carol"), web("A"))
		}, true},
		"host lost its identity": {[]appsession.Alias{app("alice"), web("A")}, func(s *Store, _ func(...appsession.Alias) appsession.ID, _, b appsession.ID) {
			s.Drop(t.Context(), b, app("alice").Key)
		}, true},
		"moved, which is no matter": {[]appsession.Alias{web("A"), web("new")}, func(s *Store, _ func(...appsession.Alias) appsession.ID, a, _ appsession.ID) {
			s.Move(t.Context(), a, appsession.Change{From: "n1", To: "n2"})
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := New(Options{})
			bind := func(keys ...appsession.Alias) appsession.ID {
				b, err := s.Bind(t.Context(), appsession.Binding{ID: appsession.Namer{}.ID(keys[0].Key), Owner: "n1"}, keys)
				if err != nil {
					t.Fatal(err)
				}
				return b.ID
			}
			a, b := bind(web("A"), web("A2")), bind(app("alice"), web("B"))
			p := plan{b: &appsession.Binding{ID: appsession.ID{1}, Owner: "n1"}, ident: -1, wants: make([]want, len(c.keys))}
			if err := s.read(&p, c.keys); err != nil {
				t.Fatal(err)
			}
			s.survey(&p)
			x := p.choose()
			if c.between != nil {
				c.between(s, bind, a, b)
			}
			used := s.used.Load()
			_, again, err := s.join(&p, x)
			if again != c.again || err != nil {
				t.Errorf("again %v, %v, want %v", again, err, c.again)
			}
			if again && s.used.Load() != used {
				t.Error("something was done all the same")
			}
		})
	}
}

// Setting the clock back ends nothing and makes nothing younger.
func TestClockBack(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	s := New(Options{Idle: time.Minute, Clock: func() time.Time { return now }})
	bindOne(t, s, callKey("1"), "n1")
	now = now.Add(30 * time.Second)
	s.Tick()
	now = now.Add(-time.Hour)
	s.Tick()
	if _, a := s.Now([]appsession.Key{callKey("1")}); a != appsession.Bound {
		t.Fatal("gone")
	}
	for v := range s.All(t.Context()) {
		if v.Seen.Unix() != 1_700_000_030 {
			t.Errorf("seen %v", v.Seen)
		}
	}
}

func TestNever(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	s := New(Options{Idle: -1, Max: -1, KeysPerSession: -1, Clock: func() time.Time { return now }})
	for i := range 100 {
		keys := []appsession.Alias{{Key: callKey("1")}, {Key: callKey(fmt.Sprint("k", i))}}
		if _, err := s.Bind(t.Context(), appsession.Binding{ID: appsession.ID{1}, Owner: "n1"}, keys); err != nil {
			t.Fatal(err)
		}
	}
	now = now.Add(20 * 365 * 24 * time.Hour)
	s.Tick()
	v, err := s.Session(t.Context(), appsession.ID{1})
	if err != nil || len(v.Keys) != 101 || !v.Expires.IsZero() {
		t.Errorf("got %+v, %v", v, err)
	}
}

// The table does what a map does, whatever hashes collide.
func TestTable(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var tab table[int]
	type item struct {
		hash uint64
		p    *int
	}
	var twin []item
	for n := range 200_000 {
		grow := n/5000%2 == 0
		if len(twin) == 0 || (r.IntN(3) > 0) == grow {
			x := item{hash: uint64(r.IntN(64)) * uint64(1+r.IntN(2)*1000), p: new(int)}
			tab.add(x.hash, x.p)
			twin = append(twin, x)
		} else {
			i := r.IntN(len(twin))
			if !tab.remove(twin[i].hash, twin[i].p) {
				t.Fatal("lost")
			}
			if tab.remove(twin[i].hash, twin[i].p) {
				t.Fatal("removed twice")
			}
			twin[i] = twin[len(twin)-1]
			twin = twin[:len(twin)-1]
			if n%100 == 0 {
				tab.shrink()
			}
		}
		if tab.n != len(twin) {
			t.Fatalf("%d in the table, want %d", tab.n, len(twin))
		}
		if n%1000 == 0 {
			for _, x := range twin {
				if tab.at(x.hash, x.p) < 0 {
					t.Fatal("not found")
				}
			}
		}
	}
}

// Keys whose hashes are equal are told apart by their bytes.
func TestCollision(t *testing.T) {
	var sh shard
	a, b := &entry{value: "a", space: appsession.Call, hash: 7}, &entry{value: "b", space: appsession.Call, hash: 7}
	sh.add(7, a)
	sh.add(7, b)
	for _, want := range []*entry{a, b} {
		k := callKey(want.value)
		if sh.entry(7, &k) != want {
			t.Errorf("%s not found", want.value)
		}
	}
	k := callKey("c")
	if sh.entry(7, &k) != nil {
		t.Error("c found")
	}
}

// The list of droppable keys does not grow with those that have gone.
func TestDroppableList(t *testing.T) {
	s := New(Options{})
	for i := range 10_000 {
		k := appsession.Alias{Key: callKey(fmt.Sprint(i % 3000)), Droppable: true}
		b, err := s.Bind(t.Context(), appsession.Binding{ID: appsession.Namer{}.ID(k.Key), Owner: "n1"}, []appsession.Alias{k})
		if err != nil {
			t.Fatal(err)
		}
		if i%2 == 0 {
			s.Drop(t.Context(), b.ID)
		}
	}
	if n := len(s.drops.list); n > 2*3000 {
		t.Errorf("%d remembered", n)
	}
}
