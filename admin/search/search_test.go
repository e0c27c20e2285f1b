package search

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"iter"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"twinhop/admin/listing"
	"twinhop/appsession"
	"twinhop/appsession/memstore"
	"twinhop/gateway/cluster"
)

func key(s appsession.Space, v string) appsession.Key { return appsession.Key{Space: s, Value: v} }

func TestParse(t *testing.T) {
	for text, want := range map[string]Query{
		"alice": {"", "alice"}, " alice ": {"", "alice"}, "user:alice": {"user", "alice"}, "Call-ID: a:b@c ": {"call-id", "a:b@c"},
		"jsessionid=ABC.node1": {"jsessionid", "ABC.node1"}, "sip:bob@x": {"", "sip:bob@x"}, "a:b": {"", "a:b"}, "": {"", ""}, ":": {"", ":"},
		"app:": {"app", ""}, "NODE:node1": {"node", "node1"}, "a=b:call": {"", "a=b:call"},
	} {
		if got := Parse(text); got != want {
			t.Errorf("%q: %+v, want %+v", text, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("call-id:x", "ABCDEF0123456789")
	f.Add(strings.Repeat(".", 200), "x")
	f.Fuzz(func(t *testing.T, text, secret string) {
		q := Parse(text)
		for _, k := range q.keys(&cluster.View{}) {
			if k.Value == "" || k.Space == appsession.NoSpace {
				t.Fatalf("a key of nothing: %+v", k)
			}
		}
		if n := len(q.keys(&cluster.View{})); n > 80 {
			t.Fatalf("%d keys", n)
		}
		// A part of a session id never finds it.
		x := appsession.Session{Keys: []appsession.Alias{{Key: key(appsession.HTTP, secret)}}}
		if q.Text != "" && q.suits(&x) && !strings.HasPrefix(x.ID.String(), strings.ToLower(q.Text)) && q.Text != x.Owner {
			t.Fatalf("%q finds %q", text, secret)
		}
	})
}

func TestPlace(t *testing.T) {
	p := Place{born: time.Now().UnixNano()}
	p.id[3] = 7
	if got, ok := ParsePlace(p.Bytes()); !ok || got != p {
		t.Errorf("%+v, %v", got, ok)
	}
	for _, bad := range [][]byte{nil, p.Bytes()[1:], append(p.Bytes(), 0)} {
		if _, ok := ParsePlace(bad); ok {
			t.Errorf("%x is taken", bad)
		}
	}
}

// Whoever turns the pages of sessions sees each once that was there all the
// time, the newest first, whatever comes and goes meanwhile; and a cursor that
// was changed is refused.
func TestPagesOfSessions(t *testing.T) {
	cursors := listing.NewCursors([]byte("a secret"))
	rapid.Check(t, func(t *rapid.T) {
		table := &table{}
		table.add(rapid.IntRange(0, 40).Draw(t, "first"))
		stay, seen, q := table.ids(), []appsession.ID{}, url.Values{"limit": {"7"}}
		for {
			f, err := Read(q, cursors)
			if err != nil {
				t.Fatal(err)
			}
			r := Scan(t.Context(), table, &f)
			for i := range r.Found {
				seen = append(seen, r.Found[i].ID)
			}
			if !r.More {
				break
			}
			word := cursors.Write(List, PlaceOf(&r.Found[len(r.Found)-1]).Bytes())
			bad := []byte(word)
			bad[rapid.IntRange(0, len(bad)-1).Draw(t, "at")] ^= byte(rapid.IntRange(1, 255).Draw(t, "bits"))
			if _, err := Read(url.Values{"cursor": {string(bad)}}, cursors); err == nil {
				t.Fatalf("%q is taken for %q", bad, word)
			}
			q.Set("cursor", word)
			table.add(rapid.IntRange(0, 5).Draw(t, "more"))
			for range rapid.IntRange(0, 5).Draw(t, "fewer") {
				gone := table.drop(rapid.IntRange(0, 1000).Draw(t, "which"))
				stay = slices.DeleteFunc(stay, func(id appsession.ID) bool { return id == gone && !slices.Contains(seen, id) })
			}
		}
		if !slices.Equal(seen, stay) {
			t.Fatalf("saw %d, there were %d all the time", len(seen), len(stay))
		}
	})
}

// table is a store of which only the walk is used. Several sessions begin at the
// same time.
type table struct {
	appsession.Store
	list []appsession.Session
	next int
}

func (s *table) add(n int) {
	for range n {
		s.next++
		x := appsession.Session{Born: time.Unix(int64(s.next/3), 0)}
		binary.BigEndian.PutUint64(x.ID[:], uint64(s.next)*2654435761)
		s.list = append(s.list, x)
	}
}

func (s *table) drop(i int) (id appsession.ID) {
	if len(s.list) == 0 {
		return id
	}
	i %= len(s.list)
	id = s.list[i].ID
	s.list = slices.Delete(s.list, i, i+1)
	return id
}

// ids are all there are, as they are listed.
func (s *table) ids() (all []appsession.ID) {
	list := slices.Clone(s.list)
	slices.SortFunc(list, func(a, b appsession.Session) int {
		return cmp.Or(b.Born.Compare(a.Born), bytes.Compare(a.ID[:], b.ID[:]))
	})
	for i := range list {
		all = append(all, list[i].ID)
	}
	return all
}

// All implements appsession.Store.
func (s *table) All(context.Context) iter.Seq2[appsession.Session, error] {
	return func(yield func(appsession.Session, error) bool) {
		for _, x := range slices.Clone(s.list) {
			if !yield(x, nil) {
				return
			}
		}
	}
}

// plain hides the abilities of a store, as a remote one has none.
type plain struct{ appsession.Store }

func TestExactWithoutAbilities(t *testing.T) {
	store := fill(t, 50)
	for _, s := range []appsession.Store{store, plain{store}} {
		found, err := Exact(context.Background(), s, &cluster.View{}, Parse("user7"))
		if err != nil || len(found) != 1 || len(found[0].Keys) != 2 {
			t.Errorf("%v, %v", found, err)
		}
		if found, err := Exact(context.Background(), s, &cluster.View{}, Parse("nobody")); err != nil || len(found) != 0 {
			t.Errorf("%v, %v", found, err)
		}
	}
}

// A store that breaks off does not make a listing fail.
type broken struct{ appsession.Store }

func (b broken) All(ctx context.Context) iter.Seq2[appsession.Session, error] {
	return func(yield func(appsession.Session, error) bool) {
		n := 0
		for x := range b.Store.All(ctx) {
			if n++; n == 10 {
				yield(appsession.Session{}, context.DeadlineExceeded)
				return
			}
			if !yield(x, nil) {
				return
			}
		}
	}
}

func TestScan(t *testing.T) {
	store := fill(t, 50)
	r := Scan(context.Background(), store, &Filter{Limit: 20})
	if len(r.Found) != 20 || r.Count != 50 || !r.More || r.Least {
		t.Errorf("%d of %d, %v, %v", len(r.Found), r.Count, r.More, r.Least)
	}
	for i := 1; i < len(r.Found); i++ {
		if !PlaceOf(&r.Found[i-1]).before(PlaceOf(&r.Found[i])) {
			t.Error("not in order")
		}
	}
	if r := Scan(context.Background(), broken{store}, &Filter{Limit: 20}); !r.Least || r.Count != 9 {
		t.Errorf("%d, %v", r.Count, r.Least)
	}
	if r := Scan(context.Background(), store, &Filter{Limit: 20, Query: Parse("user4")}); r.Count != 11 { // user4, user40 … user49
		t.Errorf("%d", r.Count)
	}
	if r := Scan(context.Background(), store, &Filter{Limit: 20, Legs: "both"}); r.Count != 0 {
		t.Errorf("%d", r.Count)
	}
}

func fill(tb testing.TB, n int) *memstore.Store {
	s := memstore.New(memstore.Options{})
	for i := range n {
		app := key(appsession.App, fmt.Sprint("user", i))
		_, err := s.Bind(context.Background(), appsession.Binding{ID: appsession.Namer{}.ID(app), Owner: "node1"},
			[]appsession.Alias{{Key: app}, {Key: key(appsession.Call, fmt.Sprint("call", i)), Node: "node1"}})
		if err != nil {
			tb.Fatal(err)
		}
	}
	return s
}

// BenchmarkFirstPage lists the first page of a hundred thousand sessions.
func BenchmarkFirstPage(b *testing.B) {
	store := fill(b, 100_000)
	for b.Loop() {
		if r := Scan(context.Background(), store, &Filter{Limit: 50}); r.Count != 100_000 {
			b.Fatal(r.Count)
		}
	}
}

func BenchmarkExact(b *testing.B) {
	store := fill(b, 100_000)
	for b.Loop() {
		if found, err := Exact(context.Background(), store, &cluster.View{}, Parse("call77777")); err != nil || len(found) != 1 {
			b.Fatal(found, err)
		}
	}
}
