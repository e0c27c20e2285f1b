package search

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"

	"twinhop/admin/listing"
	"twinhop/admin/problem"
)

const (
	defaultLimit = 50
	maxLimit     = 500
	maxQuery     = 600 // bytes of a search
)

// List is the name of the list in cursors.
const List = "sessions"

// Read takes a filter out of the query of a request. The error is a problem.
func Read(q url.Values, cursors *listing.Cursors) (Filter, error) {
	f := Filter{Node: q.Get("node"), Legs: q.Get("legs"), Moved: q.Get("moved") == "true", Split: q.Get("split") == "true", Limit: defaultLimit}
	text := cmp.Or(q.Get("q"), q.Get("key"))
	if len(text) > maxQuery {
		return f, problem.Invalid("?q", "at most %d bytes", maxQuery)
	}
	f.Query = Parse(text)
	if s := q.Get("limit"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > maxLimit {
			return f, problem.Invalid("?limit", "1 to %d", maxLimit)
		}
		f.Limit = n
	}
	if s := q.Get("cursor"); s != "" {
		place, ok := cursors.Read(List, s)
		if f.After, f.Paged = ParsePlace(place); !ok || !f.Paged {
			return f, problem.Invalid("?cursor", "no cursor of this list: read its first page again")
		}
	}
	for _, name := range []string{"moved", "split"} {
		if !slices.Contains([]string{"", "true", "false"}, q.Get(name)) {
			return f, problem.Invalid("?"+name, "true or false")
		}
	}
	if !slices.Contains([]string{"", "http", "sip", "both"}, f.Legs) {
		return f, problem.Invalid("?legs", "http, sip or both")
	}
	return f, nil
}
