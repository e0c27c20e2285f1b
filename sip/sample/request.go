package sample

import (
	"net/netip"
	"strings"
	"time"

	"twinhop/gateway"
	"twinhop/gateway/trace/specimens"
	"twinhop/sip/identity"
	"twinhop/sip/peek"
)

// Request is one of a client, outside dialogs.
type Request struct {
	Message *peek.Message
	Sources []identity.Source // in force
	Ask     *gateway.Ask      // what the Router was asked about it
	Choice  *gateway.Decision // what it answered
	From    netip.Addr        // of the client
	At      time.Time
}

// Keep keeps what the request could be known by, if the recorder wants it.
func (r *Request) Keep(in *specimens.Recorder) {
	if !in.Wants(r.At) {
		return
	}
	s := &specimens.Specimen{At: r.At, SIP: true, From: r.From.Unmap(), Pool: r.Ask.Pool.Name, Node: r.Choice.Member.Name, Session: r.Choice.Session, Rule: r.Choice.Rule}
	if n := r.Ask.View.Named(r.Ask.Hint.Node); n != nil {
		s.Hint, s.HintBy = n.Name, r.Ask.Hint.Source
	}
	r.fill(s)
	in.Keep(s)
}

func (r *Request) fill(s *specimens.Specimen) {
	for i := range r.Ask.Evidence {
		switch e := &r.Ask.Evidence[i]; e.Source {
		case gateway.SourceFlow, gateway.SourceAppKey, gateway.SourceCallID:
			s.Add(specimens.Value{Source: e.Source, Text: e.Value})
		}
	}
	reader := identity.Reader{Message: r.Message}
	for _, from := range [...]gateway.Source{gateway.SourceFromUser, gateway.SourceToUser, gateway.SourceFromAOR, gateway.SourceToAOR} {
		if v := reader.Find(&identity.Source{From: from}); clean(v) {
			s.Add(specimens.Value{Source: from, Text: string(v)})
		}
	}
	r.headers(s)
	for i := range r.Sources {
		src := &r.Sources[i]
		if src.Pattern == nil {
			continue
		}
		all, some := *src, *src
		all.Users, all.Pattern, some.Users = nil, nil, nil
		v := reader.Find(&all)
		s.Tried = append(s.Tried, specimens.Tried{Source: src.From, Name: src.Header, Pattern: src.Pattern.String(), Matched: len(v) > 0 && len(reader.Find(&some)) == 0})
	}
}

// headers adds those that may say who it is, the first of each name.
func (r *Request) headers(s *specimens.Specimen) {
	m := r.Message
	for _, line := range m.Lines() {
		name, _, _ := strings.Cut(string(m.Text(line)), ":")
		name = strings.ToLower(strings.TrimRight(name, " \t"))
		if Plain(name) && !r.named(name) || s.Find(gateway.SourceHeader, name) != nil {
			continue
		}
		if v, ok := m.Find(name); ok && clean(m.Text(v)) {
			s.Add(specimens.Value{Source: gateway.SourceHeader, Name: name, Text: string(m.Text(v)), Private: !r.named(name)})
		}
	}
}

func (r *Request) named(header string) bool {
	for i := range r.Sources {
		if r.Sources[i].From == gateway.SourceHeader && r.Sources[i].Header == header {
			return true
		}
	}
	return false
}

// clean tells whether a value may be an identity: it is there, and has no control characters.
func clean(v []byte) bool {
	for _, c := range v {
		if c < ' ' || c == 0x7f {
			return false
		}
	}
	return len(v) > 0
}

// Plain tells the headers, by lower-case name, that are not added: those that every request has, and what only its way or content is about.
func Plain(name string) bool {
	if len(name) < 2 || strings.HasPrefix(name, "content-") || strings.HasPrefix(name, "accept") || strings.HasPrefix(name, "record-route") {
		return true
	}
	switch name {
	case "via", "from", "to", "call-id", "cseq", "contact", "route", "path", "max-forwards", "allow", "supported", "require", "proxy-require", "user-agent",
		"expires", "authorization", "proxy-authorization", "session-expires", "min-se", "date", "timestamp", "event", "mime-version", "priority":
		return true
	}
	return false
}
