package listing

import (
	"encoding/binary"
	"iter"
	"net/url"
	"slices"
	"strconv"
	"time"

	"twinhop/admin/problem"
)

// The sizes of pages.
const (
	usual = 50
	most  = 500
)

// Window is the part of a list that somebody asks for: a list of things that
// are numbered in the order in which they came, the newest first.
type Window struct {
	Since, Until time.Time // zero: no bound. Until is not in it
	Limit        int
	Before       uint64 // only what has a lower number; 0: all

	list string
}

// Window takes a window of the list of that name out of the query of a request.
// With lines the limit is max when nothing is said, else it is that of a page.
func (c *Cursors) Window(list string, q url.Values, lines bool, max int) (w Window, err error) {
	w.Limit, w.list = usual, list
	if lines {
		w.Limit = max
	} else {
		max = most
	}
	if s := q.Get("limit"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > max {
			return w, problem.Invalid("?limit", "1 to %d", max)
		}
		w.Limit = n
	}
	for name, at := range map[string]*time.Time{"since": &w.Since, "until": &w.Until} {
		if s := q.Get(name); s != "" {
			if *at, err = time.Parse(time.RFC3339, s); err != nil {
				return w, problem.Invalid("?"+name, "a time as 2026-11-21T12:00:00Z")
			}
		}
	}
	if s := q.Get("cursor"); s != "" {
		place, ok := c.Read(list, s)
		if !ok || len(place) != 8 {
			return w, problem.Invalid("?cursor", "no cursor of this list: read its first page again")
		}
		w.Before = binary.BigEndian.Uint64(place)
	}
	return w, nil
}

// Numbered is something in a list.
type Numbered interface {
	Number() uint64 // grows with each one
	When() time.Time
}

// Pick picks those of all, given from the newest to the oldest, that fit and
// are in the window, and counts those that fit whatever the cursor says.
func Pick[T Numbered](c *Cursors, w Window, all iter.Seq[T], fits func(T) bool) Page[T] {
	p := Page[T]{Items: []T{}, Total: Total{Relation: "eq"}}
	for x := range all {
		if at := x.When(); !w.Since.IsZero() && at.Before(w.Since) || !w.Until.IsZero() && !at.Before(w.Until) || !fits(x) {
			continue
		}
		p.Total.Value++
		switch {
		case w.Before > 0 && x.Number() >= w.Before:
		case len(p.Items) < w.Limit:
			p.Items = append(p.Items, x)
		case p.NextCursor == "":
			last := p.Items[len(p.Items)-1].Number()
			p.NextCursor = c.Write(w.list, binary.BigEndian.AppendUint64(nil, last))
		}
	}
	return p
}

// Forward turns the items around: the oldest first, as lines are written.
func Forward[T any](items []T) []T {
	slices.Reverse(items)
	return items
}
