package search

import (
	"container/heap"
	"context"
	"encoding/binary"
	"errors"
	"iter"
	"slices"
	"time"

	"twinhop/appsession"
	"twinhop/gateway/cluster"
)

// scanBudget bounds one listing; what is beyond is "at least".
const scanBudget = 750 * time.Millisecond

// Filter says which sessions a listing wants.
type Filter struct {
	Query        Query
	Node         string // lives there
	Legs         string // "http", "sip", "both"
	Moved, Split bool
	Limit        int
	After        Place // with Paged: the last one of the part before
	Paged        bool
}

// Suits tells whether a session passes everything but the query.
func (f *Filter) Suits(x *appsession.Session) bool {
	if f.Node != "" && x.Owner != f.Node {
		return false
	}
	web, calls, moved, split := false, false, len(x.Left.Nodes()) > 0, false
	for i := range x.Keys {
		k := &x.Keys[i]
		web = web || k.Space == appsession.HTTP
		calls = calls || k.Space == appsession.Call
		moved = moved || k.Moved
		split = split || k.Node != "" && k.Node != x.Owner
	}
	return (f.Legs == "" || f.Legs == "sip" && calls || f.Legs == "http" && web || web && calls) && (!f.Moved || moved) && (!f.Split || split)
}

// Place is where a session stands in listings: newest first.
type Place struct {
	born int64
	id   appsession.ID
}

// PlaceOf returns the place of a session.
func PlaceOf(x *appsession.Session) Place { return Place{x.Born.UnixNano(), x.ID} }

func (p Place) before(o Place) bool {
	if p.born != o.born {
		return p.born > o.born
	}
	return slices.Compare(p.id[:], o.id[:]) < 0
}

// Bytes is the place in a cursor.
func (p Place) Bytes() []byte {
	return append(binary.BigEndian.AppendUint64(nil, uint64(p.born)), p.id[:]...)
}

// ParsePlace reads what Bytes wrote.
func ParsePlace(b []byte) (p Place, ok bool) {
	if len(b) != 24 {
		return p, false
	}
	p.born = int64(binary.BigEndian.Uint64(b))
	copy(p.id[:], b[8:])
	return p, true
}

// Exact looks a query up as a key, without a scan. Several keys may mean
// different sessions: a user and a Call-ID of the same text.
func Exact(ctx context.Context, store appsession.Store, v *cluster.View, q Query) ([]appsession.Session, error) {
	ids := map[appsession.ID]bool{}
	var found []appsession.Session
	if id, ok := appsession.ParseID(q.Text); ok && (q.Word == "" || q.Word == "id") {
		ids[id] = true
	}
	for _, k := range q.keys(v) {
		b, err := store.Find(ctx, []appsession.Key{k})
		switch {
		case err == nil:
			ids[b.ID] = true
		case !errors.Is(err, appsession.ErrNotFound):
			return nil, err
		}
	}
	for id := range ids {
		x, err := Session(ctx, store, id)
		if err == nil {
			found = append(found, x)
		} else if !errors.Is(err, appsession.ErrNotFound) {
			return nil, err
		}
	}
	sortByPlace(found)
	return found, nil
}

// lister is a Store that finds a session by its name without listing all.
type lister interface {
	Session(ctx context.Context, id appsession.ID) (appsession.Session, error)
}

// Session returns the session of that name, or appsession.ErrNotFound.
func Session(ctx context.Context, store appsession.Store, id appsession.ID) (appsession.Session, error) {
	if l, ok := store.(lister); ok {
		return l.Session(ctx, id)
	}
	for x, err := range store.All(ctx) {
		if err != nil {
			return x, err
		}
		if x.ID == id {
			return x, nil
		}
	}
	return appsession.Session{}, appsession.ErrNotFound
}

// newest keeps the first sessions of a listing, the last of them on top.
type newest []appsession.Session

func (h newest) Len() int           { return len(h) }
func (h newest) Less(i, j int) bool { return PlaceOf(&h[j]).before(PlaceOf(&h[i])) }
func (h newest) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *newest) Push(x any)        { *h = append(*h, x.(appsession.Session)) }
func (h *newest) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

// Result is one part of a listing.
type Result struct {
	Found []appsession.Session // newest first
	Count int                  // all that suit
	Least bool                 // counting ended early: there are at least Count
	More  bool                 // there is a next part
}

// Scan lists what suits the filter, newest first, in one walk and bounded
// memory.
func Scan(ctx context.Context, store appsession.Store, f *Filter) Result {
	start := time.Now()
	var r Result
	var h newest
	seen := 0
	for x, err := range walk(ctx, store) {
		if seen++; err != nil || seen&1023 == 0 && time.Since(start) > scanBudget {
			r.Least = true
			break
		}
		if !f.Suits(x) || !f.Query.suits(x) {
			continue
		}
		r.Count++
		if f.Paged && !f.After.before(PlaceOf(x)) {
			continue
		}
		switch {
		case len(h) < f.Limit:
			heap.Push(&h, kept(x))
		case PlaceOf(x).before(PlaceOf(&h[0])):
			h[0] = kept(x)
			heap.Fix(&h, 0)
			r.More = true
		default:
			r.More = true
		}
	}
	sortByPlace(h)
	r.Found = h
	return r
}

// walk lists the sessions, each whole until the next one.
func walk(ctx context.Context, store appsession.Store) iter.Seq2[*appsession.Session, error] {
	if w, ok := store.(appsession.Walker); ok {
		return w.Walk(ctx)
	}
	return func(yield func(*appsession.Session, error) bool) {
		for x, err := range store.All(ctx) {
			if !yield(&x, err) {
				return
			}
		}
	}
}

func kept(x *appsession.Session) appsession.Session {
	copied := *x
	copied.Keys = slices.Clone(x.Keys)
	return copied
}

func sortByPlace(list []appsession.Session) {
	slices.SortFunc(list, func(a, b appsession.Session) int {
		if PlaceOf(&a).before(PlaceOf(&b)) {
			return -1
		}
		return 1
	})
}
