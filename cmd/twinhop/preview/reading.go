package preview

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"strings"

	"twinhop/appsession"
	"twinhop/cmd/twinhop/httpwords"
	"twinhop/cmd/twinhop/sipwords"
	"twinhop/gateway"
	"twinhop/gateway/cluster"
	"twinhop/gateway/config"
	"twinhop/gateway/trace/specimens"
	httpfront "twinhop/http"
	sipfront "twinhop/sip"
)

// reading is an affinity as it reads specimens, in the words of the fronts.
type reading struct {
	http  *httpfront.Settings
	sip   []place
	asked map[int]int // by place of sip: how often it could not be told what its pattern excludes
}

// place is a source of identities of SIP.
type place struct {
	sipfront.Source
	users map[uint64]bool // hashes of those that are nobody
}

func read(c *config.Config) (*reading, error) {
	h, err := httpwords.Settings(c, httpfront.Unavailable{})
	if err != nil {
		return nil, err
	}
	r := &reading{http: h, asked: map[int]int{}}
	for _, src := range sipwords.Settings(c, nil).Sources {
		p := place{Source: src, users: map[uint64]bool{}}
		p.Header = strings.ToLower(src.Header)
		for _, u := range src.Users {
			p.users[specimens.Hash(u)] = true
		}
		r.sip = append(r.sip, p)
	}
	return r, nil
}

// question is what a front would have asked of a specimen, and the keys that
// it gave.
type question struct {
	*gateway.Ask
	realm uint16
	keys  []*specimens.Key
}

// add gives a key, by a hash of its value.
func (q *question) add(space appsession.Space, hash uint64, k *specimens.Key) {
	q.Add(appsession.Key{Space: space, Realm: q.realm, Value: string(binary.BigEndian.AppendUint64(nil, hash))}, k.Source)
	q.keys = append(q.keys, k)
}

// value gives a key of an identity, if it is one.
func (q *question) value(k *specimens.Key) {
	if k != nil && k.Value != 0 {
		q.add(appsession.App, k.Value, k)
	}
}

// ask makes the question. The Ask has its View and Pool.
func (r *reading) ask(a *gateway.Ask, s *specimens.Specimen) *question {
	q := &question{Ask: a, realm: a.Pool.Realm}
	if s.SIP {
		r.askSIP(q, s)
	} else {
		r.askHTTP(q, s)
	}
	return q
}

func (r *reading) askHTTP(q *question, s *specimens.Specimen) {
	q.Wants = cluster.HTTP
	if r.http.Instances && s.Instance != "" && q.Pool.Member(s.Instance) != nil {
		q.Hint = gateway.Hint{Node: s.Instance, Source: gateway.SourceTarget}
		return
	}
	q.value(s.Find(gateway.SourceAppKey, ""))
	read := false
	for _, src := range r.http.Sources {
		switch src.Source {
		case "query":
			q.value(s.Find(gateway.SourceQuery, src.Name))
		case "header":
			q.value(s.Find(gateway.SourceHeader, strings.ToLower(src.Name)))
		case "cookie":
			if !read {
				r.sessionID(q, s)
			}
			read = true
		}
	}
}

// sessionID gives the id that leads the request: of several, the first whose
// route leads to a node of the pool, else the first.
func (r *reading) sessionID(q *question, s *specimens.Specimen) {
	ids := r.ids(s)
	if len(ids) == 0 {
		return
	}
	cut := 0
	if r.http.Dialect.LastDot {
		cut = 1
	}
	at := max(slices.IndexFunc(ids, func(k *specimens.Key) bool { x := k.IDs[cut].Route; return x != "" && x != specimens.Foreign }), 0)
	k, id := ids[at], ids[at].IDs[cut]
	by := *k
	if by.Source != gateway.SourceCookie {
		by.Source = gateway.SourcePath // that is all that counts of it
	}
	if id.Route != "" {
		q.Hint = gateway.Hint{Route: id.Route, Source: by.Source}
	}
	if id.Base != 0 {
		q.add(appsession.HTTP, id.Base, &by)
		q.keys[len(q.keys)-1] = k
	}
}

// ids are the candidates, best first: what stands in the path, or in the
// query, hides cookies.
func (r *reading) ids(s *specimens.Specimen) (ids []*specimens.Key) {
	d := &r.http.Dialect
	hides := s.Find(gateway.SourcePath, "")
	if hides == nil && d.Query != "" {
		hides = s.Find(gateway.SourceQuery, d.Query)
	}
	if hides != nil {
		if hides.IDs != (specimens.Splits{}) {
			ids = append(ids, hides)
		}
		return ids
	}
	name := s.Cookie
	if name == "" {
		name = d.Cookie
	}
	if name == "" {
		name = "JSESSIONID"
	}
	for i := range s.Keys {
		k := &s.Keys[i]
		if k.Source == gateway.SourceCookie && k.IDs != (specimens.Splits{}) && (k.Name == name || d.AnyCase && strings.EqualFold(k.Name, name)) {
			ids = append(ids, k)
		}
	}
	return ids
}

func (r *reading) askSIP(q *question, s *specimens.Specimen) {
	q.Wants = cluster.SIP
	if k := s.Find(gateway.SourceFlow, ""); k != nil {
		q.add(appsession.Flow, k.Value, k)
	}
	q.value(s.Find(gateway.SourceAppKey, ""))
	for i := range r.sip {
		p := &r.sip[i]
		if k := s.Find(p.From, p.Header); k != nil && !r.excludes(i, k, s) {
			q.value(k)
		}
	}
	if k := s.Find(gateway.SourceCallID, ""); k != nil {
		q.add(appsession.Call, k.Value, k)
	}
	if s.Hint != "" {
		q.Hint = gateway.Hint{Node: s.Hint, Source: s.HintBy}
	}
}

// excludes tells whether an identity is none. What an expression would say of
// a value that is forgotten is known only if it said so then.
func (r *reading) excludes(i int, k *specimens.Key, s *specimens.Specimen) bool {
	p := &r.sip[i]
	if slices.ContainsFunc(p.Networks, func(n netip.Prefix) bool { return n.Contains(s.From) }) || p.users[k.Value] {
		return true
	}
	user := (*specimens.Key)(nil) // who is excluded is nobody with a host, either
	switch p.From {
	case gateway.SourceFromAOR:
		user = s.Find(gateway.SourceFromUser, "")
	case gateway.SourceToAOR:
		user = s.Find(gateway.SourceToUser, "")
	}
	if user != nil && p.users[user.Value] {
		return true
	}
	if p.Pattern == nil {
		return false
	}
	for _, t := range s.Tried {
		if t.Source == p.From && t.Name == p.Header && t.Pattern == p.Pattern.String() {
			return t.Matched
		}
	}
	r.asked[i]++
	return false
}
