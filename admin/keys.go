package admin

import (
	"strings"

	"twinhop/appsession"
	"twinhop/gateway/cluster"
	"twinhop/gateway/trace"
)

// sessionView is an application session as the API shows it.
type sessionView struct {
	ID        string     `json:"id"`
	Node      string     `json:"node"`
	Split     bool       `json:"split"` // some key leads to another node
	Anonymous bool       `json:"anonymous"`
	Moved     bool       `json:"moved"`
	Left      []string   `json:"left,omitempty"` // nodes it was moved away from, newest first
	Rev       uint32     `json:"rev"`
	Legs      legs       `json:"legs"`
	Keys      []keyView  `json:"keys"`
	Born      *timestamp `json:"born"`
	Seen      *timestamp `json:"seen"`
	Expires   *timestamp `json:"expires,omitempty"`
}

// legs counts the aliases by protocol.
type legs struct {
	HTTP int `json:"http"`
	SIP  int `json:"sip"`
}

// keyView is one name of a session.
type keyView struct {
	Space string `json:"space"`
	Value string `json:"value"` // shortened where it is a secret, or for viewers
	Node  string `json:"node,omitempty"`
	Moved bool   `json:"moved,omitempty"`
	Route string `json:"route,omitempty"` // http: the route in the id as its node set it
	SetBy string `json:"setBy,omitempty"` // http: that node
	Realm uint16 `json:"realm,omitempty"`
}

// viewSession shows a session to somebody with this role.
func viewSession(x *appsession.Session, role Role) sessionView {
	v := sessionView{ID: x.ID.String(), Node: x.Owner, Anonymous: x.Anonymous, Rev: x.Rev, Left: x.Left.Nodes(),
		Born: stamp(x.Born), Seen: stamp(x.Seen), Expires: stamp(x.Expires), Keys: make([]keyView, 0, len(x.Keys))}
	v.Moved = len(v.Left) > 0
	for i := range x.Keys {
		a := &x.Keys[i]
		k := viewKey(a.Key, role)
		k.Node, k.Moved = a.Node, a.Moved
		if k.Node == "" {
			k.Node = x.Owner
		}
		if k.Node != x.Owner {
			v.Split = true
		}
		v.Moved = v.Moved || a.Moved
		if a.Sent != nil {
			_, k.Route, _ = strings.Cut(a.Sent.ID, ".")
			k.SetBy = a.Sent.Node
		}
		switch a.Space {
		case appsession.HTTP:
			v.Legs.HTTP++
		case appsession.Call:
			v.Legs.SIP++
		}
		v.Keys = append(v.Keys, k)
	}
	return v
}

// viewKey shows a key. HTTP session ids are bearer secrets and never whole;
// names and Call-IDs are whole for those who operate.
func viewKey(k appsession.Key, role Role) keyView {
	v := keyView{Space: k.Space.String(), Realm: k.Realm}
	if k.Space == appsession.HTTP || role < RoleOperator {
		v.Value = trace.Mask(k)
	} else {
		v.Value = clean(k.Value)
	}
	return v
}

// query is a search as somebody typed it: anything, or "word:anything".
type query struct {
	word, text string
}

// words that may stand before the colon, and the space they search; those
// without a space are handled apart.
var queryWords = map[string]appsession.Space{
	"app": appsession.App, "appsession": appsession.App, "user": appsession.App, "from.user": appsession.App, "to.user": appsession.App,
	"call": appsession.Call, "call-id": appsession.Call, "callid": appsession.Call,
	"http": appsession.HTTP, "jsessionid": appsession.HTTP, "cookie": appsession.HTTP,
	"node": appsession.NoSpace, "id": appsession.NoSpace,
}

func parseQuery(s string) query {
	s = strings.TrimSpace(s)
	for _, sep := range []string{":", "="} {
		word, text, found := strings.Cut(s, sep)
		if word = strings.ToLower(strings.TrimSpace(word)); found {
			if _, known := queryWords[word]; known {
				return query{word, strings.TrimSpace(text)}
			}
		}
	}
	return query{"", s}
}

// keys are the keys that the query may mean, exactly.
func (q query) keys(v *cluster.View) []appsession.Key {
	space := queryWords[q.word]
	var list []appsession.Key
	add := func(s appsession.Space, value string) {
		if value == "" || (space != appsession.NoSpace && s != space) {
			return
		}
		for _, realm := range realms(v) {
			list = append(list, appsession.Key{Space: s, Realm: realm, Value: value})
		}
	}
	if q.text == "" || q.word == "node" || q.word == "id" {
		return nil
	}
	add(appsession.App, q.text)
	add(appsession.Call, q.text)
	add(appsession.HTTP, q.text)
	for i := range len(q.text) { // the route may begin at any dot
		if q.text[i] == '.' {
			add(appsession.HTTP, q.text[:i])
		}
		if len(list) > 64 {
			break
		}
	}
	if user, ok := strings.CutPrefix(q.text, "sip:"); ok {
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
func (q query) suits(x *appsession.Session) bool {
	if q.text == "" {
		return true
	}
	space := queryWords[q.word]
	low := strings.ToLower(q.text)
	if q.word == "node" {
		return x.Owner == q.text
	}
	if q.word == "id" || q.word == "" {
		if len(low) >= 4 && strings.HasPrefix(x.ID.String(), low) {
			return true
		}
	}
	if q.word == "id" {
		return false
	}
	if q.word == "" && x.Owner == q.text {
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
