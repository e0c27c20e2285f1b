package peek

// maxStored is how many values of a list header have their place kept.
const maxStored = 8

// Span is a stretch of the scanned buffer, From inclusive, To exclusive. The zero Span is empty.
type Span struct{ From, To int }

// Len is the number of bytes.
func (s Span) Len() int { return s.To - s.From }

// Empty tells whether there is nothing in it.
func (s Span) Empty() bool { return s.To <= s.From }

// Value is one element of a list header, with what is needed to take it out.
type Value struct {
	Span         // the value without surrounding blanks
	Line    int  // where its header line begins
	LineEnd int  // where the line ends, CRLF and folds included
	Next    int  // where the next value of the same line begins; 0 = it is the last one there
	shares  bool // an earlier value stands on the same line
}

// List holds the first values of a list header, over all its lines, in order.
type List struct {
	Count  int // values in the message, which may be more than At can give
	stored [maxStored + 1]Value
}

// Stored is how many values At can give.
func (l *List) Stored() int { return min(l.Count, maxStored) }

// At gives value i, 0 <= i < Stored().
func (l *List) At(i int) Value { return l.stored[i] }

// next is the place for one more value; what has no place left goes to a place of its own that nobody looks at.
func (l *List) next() *Value {
	i := min(l.Count, maxStored)
	l.Count++
	return &l.stored[i]
}

// Message is what one pass found. Spans point into Buf. After a Reason other than OK the fields found so far remain,
// which is enough to answer an unreadable request.
type Message struct {
	Limits *Limits // nil = DefaultLimits; set before Scan, which keeps it

	Buf      []byte
	Start    int  // where the start line begins: blank lines before it are skipped (RFC 3261 section 7.5)
	Response bool // false: a request

	Method     Method // of a request
	MethodName Span
	URI        URI // Request-URI; OK is false for schemes other than sip, sips and tel
	Status     int // of a response, 100..699

	Via          Via // the topmost one
	Vias         List
	Routes       List
	RecordRoutes List
	Contacts     List
	CallID       Span
	From, To     Addr
	CSeq         uint32 // below 2^31
	CSeqMethod   Method
	CSeqName     Span

	MaxForwards   int  // -1 = absent
	MaxForwardsAt Span // its digits
	ContentLength int  // -1 = absent
	ProxyRequire  Value
	Private       Value // X-Twinhop-Session: between nodes and the gateway, never beyond
	Expires       Span
	UserAgent     Span // the first one
	Remote        bool // X-Sip-Balancer-InitialRemoteAddr or -Port is there, however often: between the gateway and nodes
	RetryAfter    int  // seconds (RFC 3261 section 20.33), at most 2^31-1; -1 = absent or not to be read

	HeadEnd int // where the blank line begins
	Body    int // where the body begins
	End     int // where the message ends: a datagram's bytes beyond Content-Length do not belong to it

	reason  Reason
	headers int
	seen    uint32 // single-valued headers met, by their bit
	lines   int    // that end in CRLF, in the head
}

// Text is the bytes of a span, in the scanned buffer.
func (m *Message) Text(s Span) []byte { return m.Buf[s.From:s.To] }

// reset forgets the last message. The stored list values are left as they are: Count guards them.
func (m *Message) reset(b []byte) {
	m.Buf, m.Start, m.Response = b, 0, false
	m.Method, m.MethodName, m.URI, m.Status = OtherMethod, Span{}, URI{}, 0
	m.Via = Via{}
	m.Vias.Count, m.Routes.Count, m.RecordRoutes.Count, m.Contacts.Count = 0, 0, 0, 0
	m.CallID, m.From, m.To = Span{}, Addr{}, Addr{}
	m.CSeq, m.CSeqMethod, m.CSeqName = 0, OtherMethod, Span{}
	m.MaxForwards, m.MaxForwardsAt, m.ContentLength = -1, Span{}, -1
	m.ProxyRequire, m.Private, m.Expires = Value{}, Value{}, Span{}
	m.UserAgent, m.RetryAfter, m.Remote = Span{}, -1, false
	m.HeadEnd, m.Body, m.End = 0, 0, 0
	m.reason, m.headers, m.seen, m.lines = OK, 0, 0, 0
}

// fail keeps the first reason: it is the one nearest to the cause. But what makes a message unreadable comes before a scheme that is not
// known, and both before too many hops (RFC 3261 section 16.3).
func (m *Message) fail(r Reason) {
	switch {
	case m.reason == OK, m.reason == TooManyHops, m.reason == UnknownScheme && r != TooManyHops:
		m.reason = r
	}
}
