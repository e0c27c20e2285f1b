package listing

import (
	"encoding/binary"
	"iter"
	"net/url"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

type row uint64

func (r row) Number() uint64  { return uint64(r) }
func (r row) When() time.Time { return time.Unix(int64(r), 0) }

// A cursor is good for its list only, and nobody else can make one.
func TestCursorsOfOthers(t *testing.T) {
	ours := NewCursors([]byte("a secret"))
	rapid.Check(t, func(t *rapid.T) {
		place := binary.BigEndian.AppendUint64(nil, rapid.Uint64().Draw(t, "n"))
		word := ours.Write("events", place)
		if got, ok := ours.Read("events", word); !ok || string(got) != string(place) {
			t.Fatalf("%q is not read", word)
		}
		b := []byte(word)
		at := rapid.IntRange(0, len(b)-1).Draw(t, "at")
		if b[at] = rapid.Byte().Draw(t, "byte"); string(b) != word {
			if _, ok := ours.Read("events", string(b)); ok {
				t.Fatalf("%q was %q", b, word)
			}
		}
		if _, ok := ours.Read("audit", word); ok {
			t.Fatal("a cursor of another list")
		}
		if _, ok := NewCursors([]byte("another")).Read("events", word); ok {
			t.Fatal("a cursor of another gateway")
		}
		if _, ok := ours.Read("events", rapid.String().Draw(t, "text")); ok {
			t.Fatal("any text is a cursor")
		}
	})
}

// Whoever turns the pages sees each row once that was there all the time, in
// order, whatever comes and goes meanwhile.
func TestPagesAreStable(t *testing.T) {
	c := NewCursors([]byte("a secret"))
	rapid.Check(t, func(t *rapid.T) {
		ring := Ring[row]{Size: rapid.IntRange(5, 60).Draw(t, "size")}
		next := row(0)
		add := func(n int) {
			for range n {
				next++
				ring.Add(next)
			}
		}
		add(rapid.IntRange(0, 100).Draw(t, "first"))
		present := func() (all []row) {
			for x := range ring.Back() {
				all = append(all, *x)
			}
			return all
		}
		even := rapid.Bool().Draw(t, "even")
		fits := func(r row) bool { return !even || r%2 == 0 }
		stay, q, seen := present(), url.Values{"limit": {"7"}}, []row{}
		for {
			w, err := c.Window("rows", q, false, 0)
			if err != nil {
				t.Fatal(err)
			}
			now := present()
			p := Pick(c, w, slices.Values(now), fits)
			seen = append(seen, p.Items...)
			stay = slices.DeleteFunc(stay, func(r row) bool { return !slices.Contains(now, r) && !slices.Contains(seen, r) })
			if p.NextCursor == "" {
				break
			}
			q.Set("cursor", p.NextCursor)
			add(rapid.IntRange(0, 5).Draw(t, "more"))
		}
		stay = slices.DeleteFunc(stay, func(r row) bool { return !fits(r) })
		if !slices.Equal(seen, stay) {
			t.Fatalf("saw %v of %v", seen, stay)
		}
	})
}

func TestWindow(t *testing.T) {
	c := NewCursors(nil)
	all := func() iter.Seq[row] { return slices.Values([]row{50, 40, 30, 20, 10}) }
	pick := func(q string) Page[row] {
		t.Helper()
		v, _ := url.ParseQuery(q)
		w, err := c.Window("rows", v, false, 0)
		if err != nil {
			t.Fatalf("%s: %v", q, err)
		}
		return Pick(c, w, all(), func(row) bool { return true })
	}
	if p := pick("since=1970-01-01T00:00:20Z&until=1970-01-01T00:00:50Z"); !slices.Equal(p.Items, []row{40, 30, 20}) || p.Total.Value != 3 || p.NextCursor != "" {
		t.Errorf("%+v", p)
	}
	if p := pick("limit=5"); len(p.Items) != 5 || p.NextCursor != "" {
		t.Errorf("%+v", p)
	}
	if p := pick("limit=2"); len(p.Items) != 2 || p.NextCursor == "" || p.Total.Value != 5 {
		t.Errorf("%+v", p)
	}
	for _, q := range []string{"limit=0", "limit=501", "limit=x", "since=yesterday", "until=1", "cursor=AAAA", "cursor=%00"} {
		v, _ := url.ParseQuery(q)
		if _, err := c.Window("rows", v, false, 0); err == nil {
			t.Errorf("%s is taken", q)
		}
	}
}
