package search

import (
	"strings"

	"twinhop/appsession"
	"twinhop/gateway/cluster"
)

// Query is a search as somebody typed it: anything, or "word:anything".
type Query struct{ Word, Text string }

// words that may stand before the colon, and the space they search; those
// without a space are handled apart.
var queryWords = map[string]appsession.Space{
	"app": appsession.App, "appsession": appsession.App, "user": appsession.App, "from.user": appsession.App, "to.user": appsession.App,
	"call": appsession.Call, "call-id": appsession.Call, "callid": appsession.Call,
	"http": appsession.HTTP, "jsessionid": appsession.HTTP, "cookie": appsession.HTTP,
	"flow": appsession.Flow,
	"node": appsession.NoSpace, "id": appsession.NoSpace,
}

// Parse reads a search.
func Parse(s string) Query {
	s = strings.TrimSpace(s)
	for _, sep := range []string{":", "="} {
		word, text, found := strings.Cut(s, sep)
		if word = strings.ToLower(strings.TrimSpace(word)); found {
			if _, known := queryWords[word]; known {
				return Query{word, strings.TrimSpace(text)}
			}
		}
	}
	return Query{"", s}
}

// keys are the keys that the query may mean, exactly.
func (q Query) keys(v *cluster.View) []appsession.Key {
	space := queryWords[q.Word]
	var list []appsession.Key
	add := func(s appsession.Space, value string) {
		if value == "" || (space != appsession.NoSpace && s != space) {
			return
		}
		for _, realm := range realms(v) {
			list = append(list, appsession.Key{Space: s, Realm: realm, Value: value})
		}
	}
	if q.Text == "" || q.Word == "node" || q.Word == "id" {
		return nil
	}
	add(appsession.App, q.Text)
	add(appsession.Call, q.Text)
	add(appsession.HTTP, q.Text)
	add(appsession.Flow, q.Text)
	for i := range len(q.Text) { // the route may begin at any dot
		if q.Text[i] == '.' {
			add(appsession.HTTP, q.Text[:i])
		}
		if len(list) > 64 {
			break
		}
	}
	if user, ok := strings.CutPrefix(q.Text, "sip:"); ok {
		user, _, _ = strings.Cut(user, "@")
		add(appsession.App, user)
	}
	return list
}

func realms(v *cluster.View) []uint16 {
	seen := map[uint16]bool{0: true}
	list := []uint16{0}
	for _, p := range v.Pools {
		if !seen[p.Realm] {
			seen[p.Realm] = true
			list = append(list, p.Realm)
		}
	}
	return list
}

// suits tells whether a session is among those that the query may mean, by a
// part of a value. Parts of HTTP session ids are not searched: that would help
// to guess them.
func (q Query) suits(x *appsession.Session) bool {
	if q.Text == "" {
		return true
	}
	space := queryWords[q.Word]
	low := strings.ToLower(q.Text)
	if q.Word == "node" {
		return x.Owner == q.Text
	}
	if q.Word == "id" || q.Word == "" {
		if len(low) >= 4 && strings.HasPrefix(x.ID.String(), low) {
			return true
		}
	}
	if q.Word == "id" {
		return false
	}
	if q.Word == "" && x.Owner == q.Text {
		return true
	}
	for i := range x.Keys {
		k := &x.Keys[i]
		if k.Space != appsession.HTTP && (space == appsession.NoSpace || k.Space == space) &&
			strings.Contains(strings.ToLower(k.Value), low) {
			return true
		}
	}
	return false
}
