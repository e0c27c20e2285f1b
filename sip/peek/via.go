package peek

// Via is one Via value taken apart (RFC 3261 section 20.42, RFC 3581).
type Via struct {
	Span
	Transport Span
	Host      Span // sent-by; IPv6 literals with their brackets
	PortText  Span
	Port      int // 0 = none given
	Branch    Span
	Received  Span
	RPort     Span // its value; empty when the parameter is absent or has none
	RPortEnd  int  // where "rport" ends, for a value to be written; 0 = absent
}

// HostPort is the stretch of sent-by, to be replaced as a whole.
func (v Via) HostPort() Span {
	if v.PortText.Empty() {
		return v.Host
	}
	return Span{v.Host.From, v.PortText.To}
}

// ParseVia takes a Via value apart. Blanks and folds are allowed wherever the grammar allows them. ok is false for what cannot be read,
// for parameters that matter and appear twice, and for a branch longer than MaxToken; Message.ParseVia knows the message's own limits.
func ParseVia(b []byte, s Span) (v Via, ok bool) {
	ok = v.parse(b, s, &defaults)
	return v, ok
}

// parse fills v, which must be zero.
func (v *Via) parse(b []byte, s Span, l *Limits) bool {
	v.Span = s
	i, ok, known := viaTransport(b, s)
	if !ok {
		return false
	}
	v.Transport.From = i
	i = run(b, i, s.To, isTokenByte)
	v.Transport.To = i
	from := skipBlanks(b, i, s.To)
	if v.Transport.Empty() || from == i {
		return false
	}
	if v.Host, v.PortText, v.Port, i, ok = hostPort(b, from, s.To); !ok {
		return false
	}
	return v.params(b, i, l) && known
}

// viaTransport gives the place after "SIP/2.0/". known is false for another version: the rest is read all the same, for the refusal needs
// it (RFC 4475 section 3.1.2.16).
func viaTransport(b []byte, s Span) (at int, ok, known bool) {
	i := s.From
	if t := b[i:s.To]; len(t) > 8 && string(t[:8]) == "SIP/2.0/" {
		return skipBlanks(b, i+8, s.To), true, true
	}
	for k, word := range [2]string{"sip", "2.0"} {
		from := i
		i = run(b, i, s.To, isTokenByte)
		if known = equalFold(b[from:i], word); !known && (k == 0 || from == i) {
			return i, false, false
		}
		if i = skipBlanks(b, i, s.To); i >= s.To || b[i] != '/' {
			return i, false, false
		}
		i = skipBlanks(b, i+1, s.To)
	}
	return i, true, known
}

func (v *Via) params(b []byte, i int, l *Limits) bool {
	if i = v.plainParams(b, i, l); i == v.To {
		return true
	}
	for {
		p, next, more, ok := nextParam(b, i, v.To)
		if !ok || !more {
			return ok
		}
		i = next
		switch name := b[p.Name.From:p.Name.To]; len(name) {
		case len("rport"):
			if !equalFold(name, "rport") {
				continue
			}
			if v.RPortEnd != 0 {
				return false
			}
			v.RPortEnd = p.Name.To
			if p.Assigned {
				v.RPort = p.Value
			}
		case len("branch"):
			if !equalFold(name, "branch") {
				continue
			}
			if v.Branch.To != 0 || over(p.Value.Len(), l.Token) {
				return false
			}
			v.Branch = p.Value
		case len("received"):
			if !equalFold(name, "received") {
				continue
			}
			if v.Received.To != 0 || p.Value.Empty() {
				return false
			}
			v.Received = p.Value
		}
	}
}

// plainParams reads the parameters that matter as long as they are written as nearly all are, and gives the place of the first one that is
// not, be it only another one: params has the rules.
func (v *Via) plainParams(b []byte, i int, l *Limits) int {
	for i < v.To {
		var s Span
		var ok bool
		switch t := b[i:v.To]; {
		case len(t) > 8 && string(t[:8]) == ";branch=" && v.Branch.To == 0:
			s, ok = plainValue(b, i+8, v.To)
			if ok = ok && !over(s.Len(), l.Token); ok {
				v.Branch = s
			}
		case len(t) >= 6 && string(t[:6]) == ";rport" && (len(t) == 6 || t[6] == ';') && v.RPortEnd == 0:
			v.RPortEnd, s.To, ok = i+6, i+6, true
		case len(t) > 7 && string(t[:7]) == ";rport=" && v.RPortEnd == 0:
			if s, ok = plainValue(b, i+7, v.To); ok {
				v.RPort, v.RPortEnd = s, i+6
			}
		case len(t) > 10 && string(t[:10]) == ";received=" && v.Received.To == 0:
			s, ok = plainValue(b, i+10, v.To)
			if ok = ok && !s.Empty(); ok {
				v.Received = s
			}
		}
		if !ok {
			break
		}
		i = s.To
	}
	return i
}
