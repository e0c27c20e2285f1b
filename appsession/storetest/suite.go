package storetest

import (
	"context"
	"errors"
	"reflect"
	"sync"
	"testing"
	"time"

	"twinhop/appsession"
)

// Options are what a case asks of the store it is given. Zero values are the
// store's own defaults, which must not be smaller than the table needs.
type Options struct {
	MaxKeys        int
	KeysPerSession int
	Idle, Max      time.Duration
	Clock          func() time.Time // the store's time; it moves only when a case says so
}

// Factory makes an empty store for one case. A store that does not look at
// the clock at every call has a method Tick(), called whenever time moved.
type Factory func(testing.TB, Options) appsession.Store

// proof is one case. says is printed when it fails.
type proof struct {
	name, says string
	opts       Options
	run        func(*fixture)
}

// Run runs every case on stores made by f.
func Run(t *testing.T, f Factory) {
	for _, set := range [][]proof{identityProofs, takeoverProofs, aliasProofs, lifeProofs, moveProofs, roomProofs, raceProofs} {
		for _, p := range set {
			t.Run(p.name, func(t *testing.T) {
				t.Cleanup(func() {
					if t.Failed() {
						t.Logf("not proved: %s", p.says)
					}
				})
				p.run(newFixture(t, f, p.opts))
			})
		}
	}
	t.Run("Twin", func(t *testing.T) { runMachine(t, f) })
}

// clock is the time of a case.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// fixture is a store under test and the words that cases are written in.
type fixture struct {
	testing.TB
	appsession.Store
	time clock
}

func newFixture(t testing.TB, f Factory, o Options) *fixture {
	x := &fixture{TB: t, time: clock{now: time.Unix(1_700_000_000, 0)}}
	o.Clock = x.time.Now
	if o.Idle == 0 {
		o.Idle = 30 * time.Minute
	}
	if o.Max == 0 {
		o.Max = 12 * time.Hour
	}
	x.Store = f(t, o)
	return x
}

// pass lets time go by.
func (f *fixture) pass(d time.Duration) {
	f.time.advance(d)
	if t, ok := f.Store.(interface{ Tick() }); ok {
		t.Tick()
	}
}

var ctx = context.Background()

func app(v string) appsession.Alias {
	return appsession.Alias{Key: appsession.Key{Space: appsession.App, Value: v}}
}

func call(v string) appsession.Alias {
	return appsession.Alias{Key: appsession.Key{Space: appsession.Call, Value: v}}
}

func web(v string) appsession.Alias {
	return appsession.Alias{Key: appsession.Key{Space: appsession.HTTP, Value: v}}
}

func with(a appsession.Alias, change func(*appsession.Alias)) appsession.Alias {
	change(&a)
	return a
}

func at(a appsession.Alias, node string) appsession.Alias { a.Node = node; return a }

func lasting(a appsession.Alias, d time.Duration) appsession.Alias { a.Life = d; return a }

// on proposes a new session on node, named by the first key.
func on(node string, keys []appsession.Alias) appsession.Binding {
	b := appsession.Binding{Node: node, Owner: node}
	if len(keys) > 0 {
		b.ID = appsession.Namer{}.ID(keys[0].Key)
	}
	return b
}

func (f *fixture) tryBind(node string, keys ...appsession.Alias) (appsession.Binding, error) {
	return f.Store.Bind(ctx, on(node, keys), keys)
}

func (f *fixture) bind(node string, keys ...appsession.Alias) appsession.Binding {
	f.Helper()
	b, err := f.tryBind(node, keys...)
	if err != nil {
		f.Fatalf("Bind(%s, %v): %v", node, values(keys), err)
	}
	return b
}

func values(keys []appsession.Alias) (v []string) {
	for _, k := range keys {
		v = append(v, k.Space.String()+":"+k.Value)
	}
	return v
}

// find returns what the table says of one key, which must be bound.
func (f *fixture) find(k appsession.Alias) appsession.Binding {
	f.Helper()
	b, err := f.Store.Find(ctx, []appsession.Key{k.Key})
	if err != nil {
		f.Fatalf("Find(%s:%s): %v", k.Space, k.Value, err)
	}
	return b
}

// leads fails unless every key leads to node.
func (f *fixture) leads(node string, keys ...appsession.Alias) {
	f.Helper()
	for _, k := range keys {
		if b := f.find(k); b.Node != node {
			f.Errorf("%s:%s leads to %q, want %q", k.Space, k.Value, b.Node, node)
		}
	}
}

// one fails unless all keys belong to one session, whose ID it returns.
func (f *fixture) one(keys ...appsession.Alias) appsession.ID {
	f.Helper()
	id := f.find(keys[0]).ID
	for _, k := range keys[1:] {
		if got := f.find(k).ID; got != id {
			f.Errorf("%s:%s belongs to %v, want %v like %s:%s", k.Space, k.Value, got, id, keys[0].Space, keys[0].Value)
		}
	}
	return id
}

// gone fails unless none of the keys is bound.
func (f *fixture) gone(keys ...appsession.Alias) {
	f.Helper()
	for _, k := range keys {
		if b, err := f.Store.Find(ctx, []appsession.Key{k.Key}); !errors.Is(err, appsession.ErrNotFound) {
			f.Errorf("%s:%s: got %+v, %v, want ErrNotFound", k.Space, k.Value, b, err)
		}
		if near, ok := f.Store.(appsession.Near); ok {
			if b, a := near.Now([]appsession.Key{k.Key}); a == appsession.Bound {
				f.Errorf("%s:%s: Now says bound to %+v", k.Space, k.Value, b)
			}
		}
	}
}

// refused fails unless err is want.
func (f *fixture) refused(err, want error) {
	f.Helper()
	if !errors.Is(err, want) {
		f.Errorf("error %v, want %v", err, want)
	}
}

// walked checks that Walk lists what All lists.
func (f *fixture) walked(w appsession.Walker, list map[appsession.ID]appsession.Session) {
	f.Helper()
	n := 0
	for v, err := range w.Walk(ctx) {
		if n++; err != nil || !reflect.DeepEqual(*v, list[v.ID]) && len(v.Keys)+len(list[v.ID].Keys) > 0 {
			f.Errorf("Walk: %+v, %v; All: %+v", *v, err, list[v.ID])
		}
	}
	if n != len(list) {
		f.Errorf("Walk lists %d sessions, All %d", n, len(list))
	}
}

// all lists the sessions by ID.
func (f *fixture) all() map[appsession.ID]appsession.Session {
	f.Helper()
	list := map[appsession.ID]appsession.Session{}
	for v, err := range f.Store.All(ctx) {
		if err != nil {
			f.Fatalf("All: %v", err)
		}
		if _, twice := list[v.ID]; twice {
			f.Errorf("All lists %v twice", v.ID)
		}
		list[v.ID] = v
	}
	if w, ok := f.Store.(appsession.Walker); ok {
		f.walked(w, list)
	}
	return list
}

// counts fails unless the store, if it counts, says n for node.
func (f *fixture) counts(node string, n int) {
	f.Helper()
	if c, ok := f.Store.(appsession.Counter); ok {
		if got := c.Count(node); got != n {
			f.Errorf("%d sessions are counted on %s, want %d", got, node, n)
		}
	}
}
