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
	switch len(b) {
	case 3:
		switch b[0] | 0x20 {
		case 's':
			if equalFold(b, "sip") {
				return SIP
			}
		case 't':
			if equalFold(b, "tel") {
				return Tel
			}
		case 'u':
			if equalFold(b, "urn") {
				return URN
			}
		}
	case 4:
		if equalFold(b, "sips") {
			return SIPS
		}
	}
	return OtherScheme
}

// ParseURI takes the URI in s apart.
func ParseURI(b []byte, s Span) (u URI) {
	u.parse(b, s)
	return u
}

// parse fills u, which must be zero.
func (u *URI) parse(b []byte, s Span) {
	u.Span = s
	colon := s.From // most begin with "sip:"
	if t := b[s.From:s.To]; len(t) > 4 && string(t[:4]) == "sip:" {
		colon, u.Scheme = s.From+3, SIP
	} else {
		colon += bytes.IndexByte(t, ':')
		if colon <= s.From {
			return
		}
		u.Scheme = schemeOf(b[s.From:colon])
	}
	rest := Span{colon + 1, s.To}
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
		i = run(b, i+1, end, isV6)
		if i >= end || b[i] != ']' || i == host.From+1 {
			return host, port, 0, i, false
		}
		i++
	} else {
		i = run(b, i, end, isHost)
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
	for _, c := range b[i:end] {
		if c -= '0'; c > 9 {
			break
		}
		if n <= 65535 {
			n = n*10 + int(c)
		}
		i++
	}
	port.To = i
	if n > 65535 {
		n = 0
	}
	return host, port, n, i, n > 0
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
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
// when tag or URI are too long (MaxToken, MaxURI; Message.ParseAddr knows the message's own limits); the URI itself is not looked at.
func ParseAddr(b []byte, s Span) (a Addr, ok bool) {
	ok = a.parse(b, s, &defaults)
	return a, ok
}

// parse fills a, which must be zero.
func (a *Addr) parse(b []byte, s Span, l *Limits) bool {
	a.Span, a.Bare = s, s
	open, ok := bracket(b, s)
	if !ok {
		return false
	}
	if open >= 0 {
		n := bytes.IndexByte(b[open:s.To], '>')
		if n < 0 {
			return false
		}
		a.Bare, a.Params = Span{open + 1, open + n}, Span{open + n + 1, s.To}
	} else { // addr-spec: what follows a semicolon belongs to the header (RFC 3261 section 20)
		if n := bytes.IndexByte(b[s.From:s.To], ';'); n >= 0 {
			a.Bare, a.Params = Span{s.From, s.From + n}, Span{s.From + n, s.To}
		}
		a.Bare = trim(b, a.Bare)
	}
	if over(a.Bare.Len(), l.URI) || a.Bare.Empty() {
		return false
	}
	return a.tag(b, l)
}

// bracket finds the "<" before the URI, -1 if there is none; ok is false when a display name's quotes do not close.
func bracket(b []byte, s Span) (open int, ok bool) {
	for i := s.From; i < s.To; i++ {
		switch b[i] {
		case '<':
			return i, true
		case ';':
			return -1, true
		case '"':
			if i, ok = quoteEnd(b, i, s.To); !ok {
				return -1, false
			}
			i--
		}
	}
	return -1, true
}

// AddrURI is the URI of a list value such as a Route; OK is false when either cannot be read.
func AddrURI(b []byte, s Span) (u URI) {
	var a Addr
	if a.parse(b, s, &defaults) {
		u.parse(b, a.Bare)
	}
	return u
}

func (a *Addr) tag(b []byte, l *Limits) bool {
	i, found := a.Params.From, false
	if i == a.Params.To {
		return true
	}
	if t := b[i:a.Params.To]; len(t) > 5 && string(t[:5]) == ";tag=" {
		if v, ok := plainValue(b, i+5, a.Params.To); ok {
			if over(v.Len(), l.Token) {
				return false
			}
			if a.Tag, found, i = v, true, v.To; i == a.Params.To {
				return true
			}
		}
	}
	for {
		p, next, more, ok := nextParam(b, i, a.Params.To)
		if !ok || !more {
			return ok
		}
		if equalFold(b[p.Name.From:p.Name.To], "tag") {
			if found || over(p.Value.Len(), l.Token) {
				return false
			}
			a.Tag, found = p.Value, true
		}
		i = next
	}
}
