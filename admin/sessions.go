package admin

import (
	"container/heap"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"twinhop/appsession"
)

const (
	defaultLimit = 50
	maxLimit     = 500
	maxQuery     = 600                    // bytes of a search
	scanBudget   = 750 * time.Millisecond // of one listing; what is beyond is "at least"
)

// filter says which sessions a listing wants.
type filter struct {
	q            query
	node, legs   string
	moved, split bool
	limit        int
	after        place // the last one of the page before
	paged        bool
}

// place is where a session stands in listings: newest first.
type place struct {
	born int64
	id   appsession.ID
}

func placeOf(x *appsession.Session) place { return place{x.Born.UnixNano(), x.ID} }

func (p place) before(o place) bool {
	if p.born != o.born {
		return p.born > o.born
	}
	return slices.Compare(p.id[:], o.id[:]) < 0
}

func (p place) cursor() string {
	b := binary.BigEndian.AppendUint64(nil, uint64(p.born))
	return base64.RawURLEncoding.EncodeToString(append(b, p.id[:]...))
}

func parseCursor(s string) (p place, ok bool) {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(b) != 24 {
		return p, false
	}
	p.born = int64(binary.BigEndian.Uint64(b))
	copy(p.id[:], b[8:])
	return p, true
}

func parseFilter(c *gin.Context) (filter, error) {
	f := filter{node: c.Query("node"), legs: c.Query("legs"), moved: c.Query("moved") == "true",
		split: c.Query("split") == "true", limit: defaultLimit}
	text := c.Query("q")
	if text == "" {
		text = c.Query("key")
	}
	if len(text) > maxQuery {
		return f, invalid("?q", "at most %d bytes", maxQuery)
	}
	f.q = parseQuery(text)
	if s := c.Query("limit"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > maxLimit {
			return f, invalid("?limit", "1 to %d", maxLimit)
		}
		f.limit = n
	}
	if s := c.Query("cursor"); s != "" {
		if f.after, f.paged = parseCursor(s); !f.paged {
			return f, invalid("?cursor", "not a cursor of ours")
		}
	}
	if !slices.Contains([]string{"", "http", "sip", "both"}, f.legs) {
		return f, invalid("?legs", "http, sip or both")
	}
	return f, nil
}

// suits tells whether a session passes everything but the query.
func (f *filter) suits(x *appsession.Session) bool {
	if f.node != "" && x.Owner != f.node {
		return false
	}
	if f.legs == "" && !f.moved && !f.split {
		return true
	}
	v := viewSession(x, RoleNone)
	return (f.legs == "" || (f.legs == "sip" || v.Legs.HTTP > 0) && (f.legs == "http" || v.Legs.SIP > 0)) &&
		(!f.moved || v.Moved) && (!f.split || v.Split)
}

func (s *Server) getSessions(c *gin.Context) (any, error) {
	f, err := parseFilter(c)
	if err != nil {
		return nil, err
	}
	role := actor(c).Role
	ctx := c.Request.Context()
	found, err := s.exact(ctx, f.q)
	if err != nil {
		return nil, err
	}
	if len(found) > 0 || c.Query("key") != "" {
		found = slices.DeleteFunc(found, func(x appsession.Session) bool { return !f.suits(&x) })
		return viewPage(found, total{len(found), "eq"}, "exact", role), nil
	}
	found, count, more := s.scan(ctx, &f)
	match := ""
	if f.q.text != "" {
		match = "scan"
	}
	p := viewPage(found, count, match, role)
	if more {
		p.NextCursor = placeOf(&found[len(found)-1]).cursor()
	}
	return p, nil
}

func viewPage(found []appsession.Session, n total, match string, role Role) page[sessionView] {
	p := page[sessionView]{Items: make([]sessionView, len(found)), Total: n, Match: match}
	for i := range found {
		p.Items[i] = viewSession(&found[i], role)
	}
	return p
}

// exact looks a query up as a key, without a scan. Several keys may mean
// different sessions: a user and a Call-ID of the same text.
func (s *Server) exact(ctx context.Context, q query) ([]appsession.Session, error) {
	ids := map[appsession.ID]bool{}
	var found []appsession.Session
	if id, ok := appsession.ParseID(q.text); ok && (q.word == "" || q.word == "id") {
		ids[id] = true
	}
	for _, k := range q.keys(s.Panel.View()) {
		b, err := s.Panel.Store.Find(ctx, []appsession.Key{k})
		switch {
		case err == nil:
			ids[b.ID] = true
		case !errors.Is(err, appsession.ErrNotFound):
			return nil, storeProblem(err)
		}
	}
	for id := range ids {
		x, err := s.session(ctx, id)
		if err == nil {
			found = append(found, x)
		} else if !errors.Is(err, appsession.ErrNotFound) {
			return nil, storeProblem(err)
		}
	}
	slices.SortFunc(found, func(a, b appsession.Session) int {
		if placeOf(&a).before(placeOf(&b)) {
			return -1
		}
		return 1
	})
	return found, nil
}

func storeProblem(error) *problem {
	return newProblem(http.StatusServiceUnavailable, "unavailable", "The affinity table does not answer.")
}

// lister is a Store that finds a session by its name without listing all.
type lister interface {
	Session(ctx context.Context, id appsession.ID) (appsession.Session, error)
}

func (s *Server) session(ctx context.Context, id appsession.ID) (appsession.Session, error) {
	if l, ok := s.Panel.Store.(lister); ok {
		return l.Session(ctx, id)
	}
	for x, err := range s.Panel.Store.All(ctx) {
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
func (h newest) Less(i, j int) bool { return placeOf(&h[j]).before(placeOf(&h[i])) }
func (h newest) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *newest) Push(x any)        { *h = append(*h, x.(appsession.Session)) }
func (h *newest) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

// scan lists what suits the filter, newest first, in one walk and bounded
// memory. When the walk takes too long it ends early and the count is "gte".
func (s *Server) scan(ctx context.Context, f *filter) (found []appsession.Session, count total, more bool) {
	start := time.Now()
	var h newest
	seen, rest := 0, 0
	count.Relation = "eq"
	for x, err := range s.Panel.Store.All(ctx) {
		if err != nil {
			count.Relation = "gte"
			break
		}
		if seen++; seen&1023 == 0 && time.Since(start) > scanBudget {
			count.Relation = "gte"
			break
		}
		if !f.suits(&x) || !f.q.suits(&x) {
			continue
		}
		count.Value++
		if f.paged && !f.after.before(placeOf(&x)) {
			continue
		}
		switch {
		case len(h) < f.limit:
			heap.Push(&h, x)
		case placeOf(&x).before(placeOf(&h[0])):
			h[0] = x
			heap.Fix(&h, 0)
			rest++
		default:
			rest++
		}
	}
	slices.SortFunc(h, func(a, b appsession.Session) int {
		if placeOf(&a).before(placeOf(&b)) {
			return -1
		}
		return 1
	})
	return h, count, rest > 0
}
