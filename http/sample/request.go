package sample

import (
	"strings"

	"twinhop/gateway"
	"twinhop/gateway/cluster"
	"twinhop/gateway/trace/specimens"
	"twinhop/http/head"
	"twinhop/http/instance"
	"twinhop/jvmroute"
)

// AppKey is the parameter by which a URL names an application session of SIP
// servlets (SipApplicationSession.encodeURL).
const AppKey = "org.mobicents.servlet.sip.ApplicationSessionKey"

// maxHeader bounds a header value that may be a key.
const maxHeader = jvmroute.MaxValue

// Header is the value of a field that is there once; two different values
// are no key, for gateway and application might choose differently.
func Header(f *head.Fields, name string) string {
	v := f.Get(name)
	if len(v) > maxHeader || v != "" && f.Count(name) > 1 {
		return ""
	}
	return v
}

// Request is one as it came from the client.
type Request struct {
	Target, RawPath, Query, Path string // as received; the path also as it decides
	Cookies                      []string
	Fields                       *head.Fields
	Dialect                      jvmroute.Dialect // names of its pool
	View                         *cluster.View
	Pool                         *cluster.Pool
	Key                          func(source, name string) bool // the configuration names it
}

// Fill adds to a specimen what the request could be known by.
func (r *Request) Fill(s *specimens.Specimen) {
	if n := r.View.Instance(instance.Of(r.Path)); n != nil {
		s.Instance = n.Name
	}
	if v, found := jvmroute.ParamValue(r.RawPath, r.Query, AppKey); found == jvmroute.Single {
		s.Add(specimens.Value{Source: gateway.SourceAppKey, Text: v})
	}
	r.path(s)
	r.cookies(s)
	r.parameters(s)
	r.fields(s)
}

// splits are the parts of an id, its route only if somebody here has it.
func (r *Request) splits(id string) (both specimens.Splits) {
	if !jvmroute.ValidID(id) {
		return both
	}
	for i, d := range [...]jvmroute.Dialect{{}, {LastDot: true}} {
		base, route := d.Split(id)
		if base != "" {
			both[i].Base = specimens.Hash(base)
		}
		if both[i].Route = route; route != "" && !r.ours(route) {
			both[i].Route = specimens.Foreign
		} else {
			both[i].Route = strings.Clone(route)
		}
	}
	return both
}

// ours tells whether a route, or its domain, is of the pool.
func (r *Request) ours(route string) bool {
	if r.Pool.Routed(route) != nil {
		return true
	}
	domain := jvmroute.Domain(route)
	for _, m := range r.Pool.Members {
		if m.Domain != "" && m.Domain == domain {
			return true
		}
	}
	return false
}

// path adds the id in the path. One that is there hides cookies, whatever it is.
func (r *Request) path(s *specimens.Specimen) {
	const probe = "x"
	d, found := jvmroute.Dialect{Path: r.Dialect.Path}, jvmroute.Found{}
	d.ReadTarget(&found, r.Target)
	ids := len(found.All())
	if d.ReadCookie(&found, "JSESSIONID="+probe); len(found.All()) > ids {
		return
	}
	v := specimens.Value{Source: gateway.SourcePath}
	if ids > 0 {
		v.Text = found.All()[0].Text
		v.IDs = r.splits(v.Text)
	}
	s.Add(v)
}

// cookies adds every cookie, as if it were the session's.
func (r *Request) cookies(s *specimens.Specimen) {
	var seen names
	for _, line := range r.Cookies {
		for at := 0; at < len(line); at++ {
			if line[at] != '=' {
				continue
			}
			name := strings.TrimRight(line[:at], " \t")
			name = name[strings.LastIndexAny(name, ";, \t")+1:]
			if !seen.add(name) {
				continue
			}
			d, found := jvmroute.Dialect{Cookie: name}, jvmroute.Found{}
			for _, l := range r.Cookies {
				d.ReadCookie(&found, l)
			}
			for _, id := range found.All() {
				s.Add(specimens.Value{Source: gateway.SourceCookie, Name: name, Text: id.Text, IDs: r.splits(id.Text)})
			}
		}
	}
}

// parameters adds the GET parameters.
func (r *Request) parameters(s *specimens.Specimen) {
	var seen names
	for pair, rest, more := "", r.Query, r.Query != ""; more; {
		pair, rest, more = strings.Cut(rest, "&")
		name, _, says := strings.Cut(pair, "=")
		if !says || !head.ValidName(name) || !seen.add(name) {
			continue // a name that the configuration cannot say, or a word alone, which may be anything
		}
		v, found := jvmroute.QueryValue(r.Query, name)
		if found == jvmroute.Absent {
			continue
		}
		s.Add(specimens.Value{Source: gateway.SourceQuery, Name: name, Text: v, IDs: r.splits(v), Private: !r.Key("query", name)})
	}
}

// fields adds the header fields, but for those that say nothing of who it is.
func (r *Request) fields(s *specimens.Specimen) {
	var seen names
	for f := range r.Fields.All() {
		name := strings.ToLower(f.Name)
		if Plain(name) && !r.Key("header", name) || !seen.add(name) {
			continue
		}
		s.Add(specimens.Value{Source: gateway.SourceHeader, Name: name, Text: Header(r.Fields, name), Private: !r.Key("header", name)})
	}
}

// names are those that were dealt with.
type names struct {
	list [specimens.MaxKeys]string
	n    int
}

// add is false for a name that is there, and for too many.
func (n *names) add(name string) bool {
	for _, x := range n.list[:n.n] {
		if x == name {
			return false
		}
	}
	if name == "" || n.n == len(n.list) {
		return false
	}
	n.list[n.n] = name
	n.n++
	return true
}

// Plain tells the fields, by lower-case name, that are not added: those of
// every request, and what only the connection or the content is about.
func Plain(name string) bool {
	if strings.HasPrefix(name, "sec-") || strings.HasPrefix(name, "accept") || strings.HasPrefix(name, "content-") || strings.HasPrefix(name, "if-") {
		return true
	}
	switch name {
	case "cookie", "host", "connection", "user-agent", "referer", "origin", "cache-control", "pragma", "date", "te", "via", "upgrade", "expect", "range",
		"transfer-encoding", "upgrade-insecure-requests", "keep-alive", "dnt", "priority", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host",
		"x-forwarded-port", "x-forwarded-server", "forwarded":
		return true
	}
	return false
}
