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
// for parameters that matter and appear twice, and for a branch longer than MaxToken.
func ParseVia(b []byte, s Span) (v Via, ok bool) {
	v.Span = s
	i := s.From
	for _, word := range [2]string{"sip", "2.0"} {
		from := i
		for i < s.To && tokenBytes[b[i]] {
			i++
		}
		if !equalFold(b[from:i], word) {
			return v, false
		}
		if i = skipBlanks(b, i, s.To); i >= s.To || b[i] != '/' {
			return v, false
		}
		i = skipBlanks(b, i+1, s.To)
	}
	v.Transport.From = i
	for i < s.To && tokenBytes[b[i]] {
		i++
	}
	v.Transport.To = i
	from := skipBlanks(b, i, s.To)
	if v.Transport.Empty() || from == i {
		return v, false
	}
	if v.Host, v.PortText, v.Port, i, ok = hostPort(b, from, s.To); !ok {
		return v, false
	}
	return v, v.params(b, i)
}

func (v *Via) params(b []byte, i int) bool {
	for {
		p, next, more, ok := nextParam(b, i, v.To)
		if !ok {
			return false
		}
		if !more {
			return true
		}
		name := b[p.Name.From:p.Name.To]
		switch {
		case equalFold(name, "branch"):
			if v.Branch.To != 0 || p.Value.Len() > MaxToken {
				return false
			}
			v.Branch = p.Value
		case equalFold(name, "received"):
			if v.Received.To != 0 || p.Value.Empty() {
				return false
			}
			v.Received = p.Value
		case equalFold(name, "rport"):
			if v.RPortEnd != 0 {
				return false
			}
			v.RPortEnd = p.Name.To
			if p.Assigned {
				v.RPort = p.Value
			}
		}
		i = next
	}
}
