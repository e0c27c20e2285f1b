package peek

import (
	"net/netip"
	"strconv"
	"unsafe"
)

// Edits is a list of changes to one message. What no edit covers leaves unchanged. It is reused; the zero Edits is ready.
//
// Over and At open an edit, the writing methods fill it: e.At(p).Text("Via: ").Addr(a).EndLine().
// Only EndLine writes CR and LF; in everything else CR, LF and NUL are left out, so that no value taken from a message can begin a header.
type Edits struct {
	list []edit
	text []byte
}

type edit struct{ from, to, text, textEnd int }

// Reset forgets all edits and keeps the memory.
func (e *Edits) Reset() { e.list, e.text = e.list[:0], e.text[:0] }

// Over opens an edit that replaces s.
func (e *Edits) Over(s Span) *Edits {
	e.list = append(e.list, edit{s.From, s.To, len(e.text), len(e.text)})
	return e
}

// At opens an edit that inserts before the byte at pos. Several at one place come out in the order they were made.
func (e *Edits) At(pos int) *Edits { return e.Over(Span{pos, pos}) }

// Cut takes a stretch out.
func (e *Edits) Cut(s Span) { e.Over(s) }

func (e *Edits) grown() *Edits {
	e.list[len(e.list)-1].textEnd = len(e.text)
	return e
}

// Text adds s to the open edit.
func (e *Edits) Text(s string) *Edits {
	from := len(e.text)
	e.text = append(e.text, s...)
	return e.clean(from)
}

// Bytes adds b to the open edit.
func (e *Edits) Bytes(b []byte) *Edits {
	from := len(e.text)
	e.text = append(e.text, b...)
	return e.clean(from)
}

// clean takes CR, LF and NUL out of what was added since from; there are hardly ever any.
func (e *Edits) clean(from int) *Edits {
	if breaks(e.text[from:]) {
		kept := e.text[:from]
		for _, c := range e.text[from:] {
			if c != '\r' && c != '\n' && c != 0 {
				kept = append(kept, c)
			}
		}
		e.text = kept
	}
	return e.grown()
}

// Int adds a decimal number.
func (e *Edits) Int(n int) *Edits {
	e.text = strconv.AppendInt(e.text, int64(n), 10)
	return e.grown()
}

// Addr adds host:port, IPv6 in brackets.
func (e *Edits) Addr(a netip.AddrPort) *Edits {
	e.Host(a.Addr())
	e.text = append(e.text, ':')
	return e.Int(int(a.Port()))
}

// Host adds an IP address as it stands in a URI or sent-by: IPv6 in brackets, without a zone, v4-in-v6 as v4.
func (e *Edits) Host(a netip.Addr) *Edits {
	a = a.Unmap().WithZone("")
	if a.Is4() {
		return e.four(a)
	}
	e.text = append(e.text, '[')
	e.text = a.AppendTo(e.text)
	e.text = append(e.text, ']')
	return e.grown()
}

// IP adds an IP address without brackets, as the received parameter has it.
func (e *Edits) IP(a netip.Addr) *Edits {
	a = a.Unmap().WithZone("")
	if a.Is4() {
		return e.four(a)
	}
	e.text = a.AppendTo(e.text)
	return e.grown()
}

// four adds an IPv4 address. It is written several times into each message: strconv and netip have more to ask.
func (e *Edits) four(a netip.Addr) *Edits {
	b := e.text
	for i, n := range a.As4() {
		if i > 0 {
			b = append(b, '.')
		}
		switch {
		case n >= 100:
			b = append(b, '0'+n/100, '0'+n/10%10, '0'+n%10)
		case n >= 10:
			b = append(b, '0'+n/10, '0'+n%10)
		default:
			b = append(b, '0'+n)
		}
	}
	e.text = b
	return e.grown()
}

// EndLine ends a header line.
func (e *Edits) EndLine() *Edits {
	e.text = append(e.text, '\r', '\n')
	return e.grown()
}

// Apply appends the edited message to out. Overlapping cuts are joined; text inserted within a cut stays.
func (e *Edits) Apply(out []byte, m *Message) []byte {
	for i := 1; i < len(e.list); i++ { // insertion sort: stable, few, nearly in order
		x, k := e.list[i], i
		for ; k > 0 && x.from < e.list[k-1].from; k-- {
			e.list[k] = e.list[k-1]
		}
		if k < i {
			e.list[k] = x
		}
	}
	pos := m.Start
	for _, x := range e.list {
		if x.from > m.End {
			break
		}
		if x.from > pos {
			out = append(out, m.Buf[pos:x.from]...)
			pos = x.from
		}
		out = append(out, e.text[x.text:x.textEnd]...)
		pos = max(pos, min(x.to, m.End))
	}
	return append(out, m.Buf[pos:m.End]...)
}

// Pop takes the first n values out of a list header, n <= l.Stored(): a line goes when all its values go.
func (e *Edits) Pop(l *List, n int) {
	from := 0
	for i := range n {
		v := l.At(i)
		if !v.shares {
			from = v.From
		}
		switch {
		case v.Next == 0:
			e.Cut(Span{v.Line, v.LineEnd})
		case i == n-1:
			e.Cut(Span{from, v.Next})
		}
	}
}

// Hop counts the message one hop down: Max-Forwards minus one, or 70 when absent (RFC 3261 section 16.6 step 3). It must not be 0.
func (e *Edits) Hop(m *Message) {
	if m.MaxForwards < 0 {
		e.At(m.HeadEnd).Text("Max-Forwards: 70").EndLine()
		return
	}
	e.Over(m.MaxForwardsAt).Int(m.MaxForwards - 1)
}

// Answerable notes in the topmost Via where the message really came from, so that its answer finds the way (RFC 3261 section 18.2.1,
// RFC 3581 section 4): rport is filled where it stands, received is set when rport was asked for or sent-by is another host.
// What a client wrote there itself is overwritten.
func (e *Edits) Answerable(m *Message, src netip.AddrPort) {
	v := &m.Via
	if v.RPortEnd != 0 {
		s := Span{v.RPortEnd, max(v.RPortEnd, v.RPort.To)}
		e.Over(s).Text("=").Int(int(src.Port()))
	}
	switch {
	case v.Received.To != 0:
		e.Over(v.Received).IP(src.Addr())
	case v.RPortEnd != 0 || !isIP(m.Text(v.Host), src.Addr()):
		e.At(v.To).Text(";received=").IP(src.Addr())
	}
}

func isIP(text []byte, a netip.Addr) bool {
	ip, ok := ParseIP(text)
	return ok && ip == a.Unmap().WithZone("")
}

// ParseIP reads an IP literal, IPv6 with or without brackets. It allocates nothing.
func ParseIP(b []byte) (netip.Addr, bool) {
	if n := len(b); n > 2 && b[0] == '[' && b[n-1] == ']' {
		b = b[1 : n-1]
	}
	if a, ok := parseIPv4(b); ok {
		return a, true
	}
	if len(b) > 45 || len(b) < 2 {
		return netip.Addr{}, false
	}
	for _, c := range b {
		if !isHex(c) && c != ':' && c != '.' {
			return netip.Addr{}, false // no zones, no names: netip would make an error, which allocates
		}
	}
	a, err := netip.ParseAddr(unsafe.String(&b[0], len(b))) // the view ends with the call: an Addr without zone keeps no text
	return a.Unmap(), err == nil
}

// parseIPv4 reads four decimal numbers without leading zeros, which is what nearly all addresses of messages are.
func parseIPv4(b []byte) (netip.Addr, bool) {
	var a [4]byte
	k, n, digits := 0, 0, 0
	for _, c := range b {
		switch d := c - '0'; {
		case d <= 9:
			if n = n*10 + int(d); n > 255 || digits > 0 && n < 10 {
				return netip.Addr{}, false
			}
			digits++
		case c != '.' || digits == 0 || k == 3:
			return netip.Addr{}, false
		default:
			a[k] = byte(n)
			k, n, digits = k+1, 0, 0
		}
	}
	if k != 3 || digits == 0 {
		return netip.Addr{}, false
	}
	a[3] = byte(n)
	return netip.AddrFrom4(a), true
}
