package peek

import "bytes"

// Scan reads one whole message from b, which must stay unchanged while m is used. It returns OK or the first reason to refuse;
// header scanning goes on after most reasons, so that an answer can still be made. Nothing is allocated.
func (m *Message) Scan(b []byte) Reason {
	m.reset(b)
	if over(len(b), m.limits().Message) {
		m.fail(TooLong)
		return m.reason
	}
	i := 0
	for i+1 < len(b) && b[i] == '\r' && b[i+1] == '\n' {
		i += 2
	}
	m.Start = i
	end, next, r := line(b, i)
	if r != OK {
		m.fail(r)
		return m.reason
	}
	if !m.startLine(Span{i, end}) {
		return m.reason
	}
	if !m.headerLines(next) {
		return m.reason
	}
	m.complete()
	return m.reason
}

// line finds the end of the line that begins at i, without and with its CRLF. Whether other CRs stand in it is asked once for the whole
// head, in complete.
func line(b []byte, i int) (end, next int, r Reason) {
	n := bytes.IndexByte(b[i:], '\n')
	if n < 0 {
		return 0, 0, NoEnd
	}
	if n == 0 || b[i+n-1] != '\r' {
		return 0, 0, BareLine
	}
	return i + n - 1, i + n + 1, OK
}

var cr, lf = []byte{'\r'}, []byte{'\n'}

// startLine reads the request or status line; false means that nothing after it is worth reading.
func (m *Message) startLine(s Span) bool {
	b := m.Buf
	one := bytes.IndexByte(b[s.From:s.To], ' ')
	if one <= 0 {
		m.fail(BadStart)
		return false
	}
	first, rest := Span{s.From, s.From + one}, Span{s.From + one + 1, s.To}
	if one > 4 && equalFold(b[s.From:s.From+4], "sip/") {
		return m.statusLine(first, rest)
	}
	two := rest.Len() - len(" SIP/2.0")
	if two <= 0 || string(b[rest.From+two:rest.To]) != " SIP/2.0" {
		two = bytes.LastIndexByte(b[rest.From:rest.To], ' ')
	}
	m.MethodName, m.Method = first, methodOf(m.Text(first))
	if two <= 0 || m.Method == OtherMethod && !isToken(m.Text(first)) {
		m.MethodName, m.Method = Span{}, OtherMethod
		m.fail(BadStart)
		return false
	}
	uri, version := Span{rest.From, rest.From + two}, Span{rest.From + two + 1, rest.To}
	if !m.version(version) {
		return m.reason == BadVersion || version.Empty() // the headers still say where the refusal goes
	}
	m.requestURI(uri)
	return true
}

func (m *Message) requestURI(uri Span) {
	if !solidURI(m.Text(uri)) {
		m.fail(BadURI)
		return
	}
	m.URI.parse(m.Buf, uri)
	switch {
	case over(uri.Len(), m.limits().URI):
		m.fail(URITooLong)
	case m.URI.Scheme == OtherScheme:
		m.fail(UnknownScheme)
	case m.URI.Scheme != URN && !m.URI.OK:
		m.fail(BadURI)
	}
}

func (m *Message) statusLine(version, rest Span) bool {
	m.Response = true
	if !m.version(version) {
		return false
	}
	code := rest
	if n := bytes.IndexByte(m.Text(rest), ' '); n >= 0 {
		code.To = rest.From + n
	}
	n, ok := number(m.Text(code), 699)
	if !ok || code.Len() != 3 || n < 100 {
		m.fail(BadStart)
		return false
	}
	m.Status = n
	return true
}

func (m *Message) version(s Span) bool {
	t := m.Text(s)
	switch {
	case string(t) == "SIP/2.0":
		return true
	case equalFold(t, "sip/2.0"):
		return true
	case len(t) > 4 && equalFold(t[:4], "sip/"):
		m.fail(BadVersion)
	default:
		m.fail(BadStart)
	}
	return false
}

// headerLines reads headers until the blank line; false means that the end was not reached.
func (m *Message) headerLines(i int) bool {
	l := m.limits()
	m.lines = 2 // the start line and the blank one
	for rest := m.Buf[i:]; ; {
		next := bytes.IndexByte(rest, '\n') + 1 // as line does, without the call
		if next < 2 || rest[next-2] != '\r' {
			_, _, r := line(rest, 0)
			m.fail(r)
			return false
		}
		from := len(m.Buf) - len(rest)
		if next == 2 {
			m.HeadEnd, m.Body = from, from+2
			return true
		}
		if next < len(rest) && (rest[next] == ' ' || rest[next] == '\t') {
			if next = m.folds(rest, next); next == 0 {
				return false
			}
		}
		m.lines++
		if m.headers++; over(m.headers, l.Headers) {
			m.fail(TooMany)
			return false
		}
		if over(next, l.Line) {
			m.fail(LineTooLong)
			return false
		}
		name, skip := usual(rest) // no name has a line end in it
		if skip == 0 {
			if name, skip = unusual(rest[:next-2]); skip == 0 {
				m.fail(BadHeader)
			}
		}
		if name != OtherName {
			m.header(name, Span{from + skip, from + next - 2}, Span{from, from + next})
		}
		rest = rest[next:]
	}
}

// folds gives the place after the folds that begin at next, with which a header goes on; 0 means that one has no end.
func (m *Message) folds(b []byte, next int) int {
	for next < len(b) && (b[next] == ' ' || b[next] == '\t') {
		var r Reason
		if _, next, r = line(b, next); r != OK {
			m.fail(r)
			return 0
		}
		m.lines++
	}
	return next
}

// complete checks what can only be known at the end of the headers, and finds the end of the body.
func (m *Message) complete() {
	l := m.limits()
	switch {
	case bytes.Count(m.Buf[m.Start:m.Body], cr) != m.lines: // each line ended in CRLF: the others stand alone
		m.fail(BareLine)
	case m.Vias.Count == 0 || m.CallID.Empty() || m.seen&(hasFrom|hasTo|hasCSeq) != hasFrom|hasTo|hasCSeq:
		m.fail(Missing)
	case over(m.Routes.Count, l.Routes) || over(m.RecordRoutes.Count, l.Routes):
		m.fail(TooMany)
	case !m.Response && !bytes.Equal(m.Text(m.CSeqName), m.Text(m.MethodName)):
		m.fail(MethodClash)
	case over(m.Vias.Count, l.Vias):
		m.fail(TooManyHops)
	}
	m.End = len(m.Buf)
	if m.ContentLength >= 0 {
		if m.ContentLength > len(m.Buf)-m.Body {
			m.fail(BodyCut)
			return
		}
		m.End = m.Body + m.ContentLength
	}
}
