package storetest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"twinhop/appsession"
)

// runMachine does the same random things to the store and to its twin. They
// must never differ in what they say.
func runMachine(t *testing.T, f Factory) {
	rapid.Check(t, func(r *rapid.T) {
		o := Options{KeysPerSession: rapid.SampledFrom([]int{1, 3, 64}).Draw(r, "limit"), MaxKeys: 100_000}
		m := &machine{fixture: newFixture(t, f, o)}
		o.Idle, o.Max, o.Clock = 30*time.Minute, 12*time.Hour, m.time.Now
		m.twin = newTwin(o)
		r.Repeat(map[string]func(*rapid.T){
			"bind": m.bind, "bind again": m.bind, "find": m.look, "move": m.move,
			"move all": m.moveAll, "drop": m.drop, "wait": m.wait, "": m.compare,
		})
	})
}

type machine struct {
	*fixture
	twin *twin
}

var (
	nodeNames = rapid.SampledFrom([]string{"n1", "n2", "n3"})
	keyNames  = rapid.SampledFrom([]appsession.Key{app("a").Key, app("b").Key, {Space: appsession.App, Realm: 1, Value: "a"},
		call("1").Key, call("2").Key, call("3").Key, call("a").Key, web("S").Key, web("T").Key, web("a").Key})
	lives = rapid.SampledFrom([]time.Duration{0, 0, 0, 10 * time.Second, 3 * time.Minute, 30 * time.Minute, time.Hour, 13 * time.Hour})
	sents = []*appsession.Sent{nil, nil, {ID: "S.n1", Node: "n1"}, {ID: "S.n2", Node: "n2"}}
)

// plain is a Binding that can be compared and read.
func plain(b appsession.Binding, err error) string {
	left := b.Left.Nodes()
	b.Left = nil
	sent := ""
	if b.Sent != nil {
		sent, b.Sent = b.Sent.ID, nil
	}
	return fmt.Sprintf("%+v left %v sent %q error %v", b, left, sent, err)
}

func same(r *rapid.T, what, got, want string) {
	if got != want {
		r.Fatalf("%s:\nstore %s\ntwin  %s", what, got, want)
	}
}

func (m *machine) bind(r *rapid.T) {
	var keys []appsession.Alias
	for range rapid.IntRange(1, 4).Draw(r, "keys") {
		k := appsession.Alias{Key: keyNames.Draw(r, "key"), Life: lives.Draw(r, "life"),
			Moved: rapid.Bool().Draw(r, "moved"), Sent: rapid.SampledFrom(sents).Draw(r, "sent")}
		if rapid.Bool().Draw(r, "guest") {
			k.Node = nodeNames.Draw(r, "own")
		}
		keys = append(keys, k)
	}
	b := on(nodeNames.Draw(r, "node"), keys)
	b.Gen = rapid.Uint32Range(0, 2).Draw(r, "gen")
	got, err := m.Store.Bind(ctx, b, keys)
	want, twinErr := m.twin.Bind(ctx, b, keys)
	same(r, "Bind", plain(got, err), plain(want, twinErr))
}

func (m *machine) look(r *rapid.T) {
	keys := rapid.SliceOfN(keyNames, 1, 3).Draw(r, "keys")
	near, ok := m.Store.(appsession.Near)
	if ok && rapid.Bool().Draw(r, "touch") {
		got, a := near.Now(keys)
		if a == appsession.Ask {
			return // what a shared store touches is its own affair
		}
		want, b := m.twin.Now(keys)
		same(r, "Now", plain(got, nil)+fmt.Sprint(a), plain(want, nil)+fmt.Sprint(b))
		return
	}
	got, err := m.Store.Find(ctx, keys)
	want, twinErr := m.twin.Find(ctx, keys)
	same(r, "Find", plain(got, err), plain(want, twinErr))
}

// some draws the ID of a session, now and then of none.
func (m *machine) some(r *rapid.T) appsession.ID {
	b, err := m.twin.Find(ctx, []appsession.Key{keyNames.Draw(r, "key of")})
	if err != nil {
		return appsession.ID{0xff}
	}
	return b.ID
}

func (m *machine) change(r *rapid.T) appsession.Change {
	return appsession.Change{From: nodeNames.Draw(r, "from"), To: nodeNames.Draw(r, "to"),
		Gen: rapid.Uint32Range(0, 2).Draw(r, "gen"), Leave: rapid.Bool().Draw(r, "leave")}
}

func (m *machine) move(r *rapid.T) {
	id, c := m.some(r), m.change(r)
	got, err := m.Store.Move(ctx, id, c)
	want, twinErr := m.twin.Move(ctx, id, c)
	same(r, "Move", plain(got, err), plain(want, twinErr))
}

func (m *machine) moveAll(r *rapid.T) {
	mover, ok := m.Store.(appsession.Mover)
	if !ok {
		return
	}
	c := m.change(r)
	got, err := mover.MoveAll(ctx, c)
	want, _ := m.twin.MoveAll(ctx, c)
	same(r, "MoveAll", fmt.Sprint(got, err), fmt.Sprint(want, nil))
}

func (m *machine) drop(r *rapid.T) {
	id, keys := m.some(r), rapid.SliceOfN(keyNames, 0, 3).Draw(r, "keys")
	err, want := m.Store.Drop(ctx, id, keys...), m.twin.Drop(ctx, id, keys...)
	if !errors.Is(err, want) {
		r.Fatalf("Drop: %v, twin %v", err, want)
	}
}

func (m *machine) wait(r *rapid.T) {
	m.pass(rapid.SampledFrom([]time.Duration{time.Second, 9 * time.Second, 3 * time.Minute, 17 * time.Minute,
		31 * time.Minute, 5 * time.Hour}).Draw(r, "time"))
}

func (m *machine) compare(r *rapid.T) {
	if diff := gocmp.Diff(listing(m.twin), listing(m.Store)); diff != "" {
		r.Fatalf("the tables differ (-twin +store):\n%s", diff)
	}
	if c, ok := m.Store.(appsession.Counter); ok {
		for _, n := range []string{"n1", "n2", "n3"} {
			same(r, "Count", fmt.Sprint(c.Count(n)), fmt.Sprint(m.twin.Count(n)))
		}
	}
}

// listing writes a table down, in order.
func listing(s appsession.Store) string {
	var all []string
	for v, err := range s.All(ctx) {
		slices.SortFunc(v.Keys, func(a, b appsession.Alias) int {
			return cmp.Or(cmp.Compare(a.Space, b.Space), cmp.Compare(a.Realm, b.Realm), cmp.Compare(a.Value, b.Value))
		})
		text := plain(v.Binding, err) + fmt.Sprint(" born ", v.Born.Unix(), " seen ", v.Seen.Unix(), " expires ", v.Expires.Unix())
		for _, k := range v.Keys {
			sent := ""
			if k.Sent != nil {
				sent, k.Sent = k.Sent.ID, nil
			}
			text += fmt.Sprintf("\n   %+v %q", k, sent)
		}
		all = append(all, text)
	}
	slices.Sort(all)
	return strings.Join(all, "\n")
}
