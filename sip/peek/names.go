package peek

// Name is a header name a forwarder treats differently from all others.
type Name uint8

// The header names.
const (
	OtherName Name = iota
	NameVia
	NameRoute
	NameRecordRoute
	NameCallID
	NameFrom
	NameTo
	NameCSeq
	NameMaxForwards
	NameContact
	NameContentLength
	NameProxyRequire
	NameExpires
	NamePrivate
	NameUserAgent
	NameRetryAfter
	NameRemote
)

// Bits of Message.seen.
const (
	hasFrom uint32 = 1 << iota
	hasTo
	hasCSeq
	hasCallID
	hasForwards
	hasLength
	hasPrivate
	hasExpires
	hasAgent
	hasRetry
)

// nameOf recognises a header name, compact or long, in any case. Length and first letter decide which one it can be.
func nameOf(b []byte) Name {
	switch len(b) {
	case 1:
		return compactName(b[0])
	case 2:
		return either(b, "to", NameTo)
	case 3:
		return either(b, "via", NameVia)
	case 4:
		if b[0]|0x20 == 'c' {
			return either(b, "cseq", NameCSeq)
		}
		return either(b, "from", NameFrom)
	case 5:
		return either(b, "route", NameRoute)
	case 7:
		switch b[0] | 0x20 {
		case 'c':
			if b[1]|0x20 == 'a' {
				return either(b, "call-id", NameCallID)
			}
			return either(b, "contact", NameContact)
		case 'e':
			return either(b, "expires", NameExpires)
		}
	case 10:
		return either(b, "user-agent", NameUserAgent)
	case 11:
		return either(b, "retry-after", NameRetryAfter)
	case 12:
		if b[0]|0x20 == 'm' {
			return either(b, "max-forwards", NameMaxForwards)
		}
		return either(b, "record-route", NameRecordRoute)
	case 13:
		return either(b, "proxy-require", NameProxyRequire)
	case 14:
		return either(b, "content-length", NameContentLength)
	case 17:
		return either(b, "x-twinhop-session", NamePrivate)
	case 32:
		if b[31]|0x20 == 'r' {
			return either(b, "x-sip-balancer-initialremoteaddr", NameRemote)
		}
		return either(b, "x-sip-balancer-initialremoteport", NameRemote)
	}
	return OtherName
}

func either(b []byte, lower string, n Name) Name {
	if equalFold(b, lower) {
		return n
	}
	return OtherName
}

func compactName(c byte) Name {
	switch c | 0x20 {
	case 'v':
		return NameVia
	case 'f':
		return NameFrom
	case 't':
		return NameTo
	case 'i':
		return NameCallID
	case 'm':
		return NameContact
	case 'l':
		return NameContentLength
	}
	return OtherName
}

// usual recognises a header line that begins with one of the commonest names in its commonest spelling, and gives the length of the name with
// its colon; 0 for all else, of which nameOf knows the rest. The comparisons are with constants: a load or two each.
func usual(b []byte) (Name, int) {
	if len(b) < 8 {
		return OtherName, 0
	}
	switch b[0] {
	case 'V':
		if string(b[:4]) == "Via:" {
			return NameVia, 4
		}
	case 'F':
		if string(b[:5]) == "From:" {
			return NameFrom, 5
		}
	case 'T':
		if string(b[:3]) == "To:" {
			return NameTo, 3
		}
	case 'M':
		if len(b) > 13 && string(b[:13]) == "Max-Forwards:" {
			return NameMaxForwards, 13
		}
	case 'R':
		switch {
		case string(b[:6]) == "Route:":
			return NameRoute, 6
		case len(b) > 13 && string(b[:13]) == "Record-Route:":
			return NameRecordRoute, 13
		}
	case 'C':
		return usualC(b)
	case 'U':
		if len(b) > 11 && string(b[:11]) == "User-Agent:" {
			return NameUserAgent, 11
		}
	case 'A':
		if string(b[:6]) == "Allow:" {
			return OtherName, 6
		}
	case 'S':
		if len(b) > 10 && string(b[:10]) == "Supported:" {
			return OtherName, 10
		}
	}
	return OtherName, 0
}

func usualC(b []byte) (Name, int) {
	switch {
	case string(b[:8]) == "Call-ID:":
		return NameCallID, 8
	case string(b[:5]) == "CSeq:":
		return NameCSeq, 5
	case string(b[:8]) == "Contact:":
		return NameContact, 8
	case len(b) > 15 && string(b[:15]) == "Content-Length:":
		return NameContentLength, 15
	case len(b) > 13 && string(b[:13]) == "Content-Type:":
		return OtherName, 13
	}
	return OtherName, 0
}
