package peek

import "bytes"

// Scheme of a URI.
type Scheme uint8

// The schemes a SIP server is asked about; urn is kept for emergency services (RFC 5031).
const (
	OtherScheme Scheme = iota
	SIP
	SIPS
	Tel
	URN
)

// URI is a SIP, SIPS or tel URI taken apart. Host and Port are empty for tel.
type URI struct {
	Span
	Scheme   Scheme
	OK       bool // it could be read; always false for urn and unknown schemes
	User     Span // without password, as written (percent-encoded); for tel the number
	Host     Span // IPv6 literals with their brackets
	PortText Span
	Port     int  // 0 = none given
	Params   Span // from the first semicolon; empty = none
}

// HostPort is the stretch from host to port, to be replaced as a whole.
func (u URI) HostPort() Span {
	if u.PortText.Empty() {
		return u.Host
	}
	return Span{u.Host.From, u.PortText.To}
}

func schemeOf(b []byte) Scheme {
	switch {
	case equalFold(b, "sip"):
		return SIP
	case equalFold(b, "sips"):
		return SIPS
	case equalFold(b, "tel"):
		return Tel
	case equalFold(b, "urn"):
		return URN
	}
	return OtherScheme
}

// ParseURI takes the URI in s apart.
func ParseURI(b []byte, s Span) URI {
	u := URI{Span: s}
	colon := bytes.IndexByte(b[s.From:s.To], ':')
	if colon <= 0 {
		return u
	}
	u.Scheme = schemeOf(b[s.From : s.From+colon])
	rest := Span{s.From + colon + 1, s.To}
	switch u.Scheme {
	case SIP, SIPS:
		u.sip(b, rest)
	case Tel:
		end := rest.From
		for end < rest.To && b[end] != ';' {
			end++
		}
		u.User, u.Params = Span{rest.From, end}, Span{end, rest.To}
		u.OK = !u.User.Empty()
	}
	return u
}

func (u *URI) sip(b []byte, s Span) {
	i := s.From
	if at := bytes.IndexByte(b[s.From:s.To], '@'); at >= 0 {
		u.User = Span{s.From, s.From + at}
		i = u.User.To + 1
		if bytes.IndexByte(b[i:s.To], '@') >= 0 { // readers differ on which one counts
			u.User = Span{}
			return
		}
		if pass := bytes.IndexByte(b[u.User.From:u.User.To], ':'); pass >= 0 {
			u.User.To = u.User.From + pass
		}
	}
	host, port, n, next, ok := hostPort(b, i, s.To)
	if !ok || (next < s.To && b[next] != ';' && b[next] != '?') {
		return
	}
	u.Host, u.PortText, u.Port = host, port, n
	if next < s.To && b[next] == ';' {
		u.Params = Span{next, s.To}
		if q := bytes.IndexByte(b[next:s.To], '?'); q >= 0 {
			u.Params.To = next + q
		}
	}
	u.OK = true
}

// hostPort reads "host", "host:port", "[v6]" or "[v6]:port" at i; blanks round the colon are allowed, as in Via.
func hostPort(b []byte, i, end int) (host, port Span, n, next int, ok bool) {
	host.From = i
	if i < end && b[i] == '[' {
		for i++; i < end && (isHex(b[i]) || b[i] == ':' || b[i] == '.'); i++ {
		}
		if i >= end || b[i] != ']' || i == host.From+1 {
			return host, port, 0, i, false
		}
		i++
	} else {
		for i < end && hostByte(b[i]) {
			i++
		}
	}
	host.To = i
	if host.Empty() {
		return host, port, 0, i, false
	}
	colon := skipBlanks(b, i, end)
	if colon >= end || b[colon] != ':' {
		return host, port, 0, i, true
	}
	i = skipBlanks(b, colon+1, end)
	port.From = i
	for i < end && b[i] >= '0' && b[i] <= '9' {
		i++
	}
	port.To = i
	n, ok = number(b[port.From:port.To], 65535)
	return host, port, n, i, ok && n > 0
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// hostByte accepts underscores too: they are common in names of containers.
func hostByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || c == '.' || c == '_'
}

// Param finds a parameter in a list such as URI.Params or Addr.Params by its lower-case name. A parameter without value gives an empty span and true.
func Param(b []byte, params Span, lower string) (Span, bool) {
	for i := params.From; ; {
		p, next, more, ok := nextParam(b, i, params.To)
		if !more || !ok {
			return Span{}, false
		}
		if equalFold(b[p.Name.From:p.Name.To], lower) {
			return p.Value, true
		}
		i = next
	}
}

// Addr is a From, To, Contact, Route or Record-Route value taken apart.
type Addr struct {
	Span
	Bare   Span // the URI's text, without brackets: ParseURI takes it apart
	Params Span // parameters of the header, after the URI
	Tag    Span
}

// ParseAddr takes the value in s apart. ok is false when the brackets, quotes or parameters do not close, when the tag appears twice or
// when tag or URI are too long; the URI itself is not looked at.
func ParseAddr(b []byte, s Span) (a Addr, ok bool) {
	a.Span, a.Bare = s, s
	open := -1
	for i := s.From; i < s.To; i++ {
		if b[i] == '"' {
			if i, ok = quoteEnd(b, i, s.To); !ok {
				return a, false
			}
			i--
			continue
		}
		if b[i] == '<' {
			open = i
			break
		}
		if b[i] == ';' {
			break
		}
	}
	if open >= 0 {
		n := bytes.IndexByte(b[open:s.To], '>')
		if n < 0 {
			return a, false
		}
		a.Bare, a.Params = Span{open + 1, open + n}, Span{open + n + 1, s.To}
	} else { // addr-spec: what follows a semicolon belongs to the header (RFC 3261 section 20)
		if n := bytes.IndexByte(b[s.From:s.To], ';'); n >= 0 {
			a.Bare, a.Params = Span{s.From, s.From + n}, Span{s.From + n, s.To}
		}
		a.Bare = trim(b, a.Bare)
	}
	if a.Bare.Len() > MaxURI || a.Bare.Empty() {
		return a, false
	}
	return a, a.tag(b)
}

// AddrURI is the URI of a list value such as a Route; OK is false when either cannot be read.
func AddrURI(b []byte, s Span) URI {
	a, ok := ParseAddr(b, s)
	if !ok {
		return URI{}
	}
	return ParseURI(b, a.Bare)
}

func (a *Addr) tag(b []byte) bool {
	found := false
	for i := a.Params.From; ; {
		p, next, more, ok := nextParam(b, i, a.Params.To)
		if !ok {
			return false
		}
		if !more {
			return true
		}
		if equalFold(b[p.Name.From:p.Name.To], "tag") {
			if found || p.Value.Len() > MaxToken {
				return false
			}
			a.Tag, found = p.Value, true
		}
		i = next
	}
}
