package peek

// The limits of a Message that is given none, in the units of Limits.
const (
	MaxMessage = 65535
	MaxHeaders = 200
	MaxLine    = 8192
	MaxVias    = 70
	MaxRoutes  = 50
	MaxURI     = 1024
	MaxToken   = 256
)

// Limits of what Scan accepts; beyond them it answers with the Reason named. A field of 0 is no limit: a message is still no longer than
// the buffer it arrived in.
type Limits struct {
	Message int // bytes: TooLong
	Headers int // header lines, folds not counted: TooMany
	Line    int // bytes of one header with its folds and line ends: LineTooLong
	Vias    int // Via values: TooManyHops
	Routes  int // Route values, and Record-Route values: TooMany
	URI     int // bytes of the Request-URI (URITooLong), and of the From, To and Contact URI (BadAddress)
	Token   int // bytes of a tag (BadAddress) or a branch (BadVia)
	CallID  int // bytes: BadCallID. It is none by default: whoever keeps Call-IDs has a shorter name for long ones
}

// DefaultLimits are those of a Message that is given none.
func DefaultLimits() Limits { return defaults }

var defaults = Limits{Message: MaxMessage, Headers: MaxHeaders, Line: MaxLine, Vias: MaxVias, Routes: MaxRoutes, URI: MaxURI, Token: MaxToken}

func over(n, limit int) bool { return n > limit && limit > 0 }

// limits are the ones in force.
func (m *Message) limits() *Limits {
	if m.Limits == nil {
		return &defaults
	}
	return m.Limits
}

// ParseVia takes a Via value of the message apart, as the function ParseVia does, under the message's own limits.
func (m *Message) ParseVia(s Span) (v Via, ok bool) {
	ok = v.parse(m.Buf, s, m.limits())
	return v, ok
}

// ParseAddr takes a From, Contact or Route value of the message apart, as the function ParseAddr does, under the message's own limits.
func (m *Message) ParseAddr(s Span) (a Addr, ok bool) {
	ok = a.parse(m.Buf, s, m.limits())
	return a, ok
}

// AddrURI is the URI of a list value such as a Route, under the message's own limits; OK is false when either cannot be read.
func (m *Message) AddrURI(s Span) (u URI) {
	var a Addr
	if a.parse(m.Buf, s, m.limits()) {
		u.parse(m.Buf, a.Bare)
	}
	return u
}
