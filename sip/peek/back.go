package peek

import "net/netip"

// Answer is where the answer to a request goes that came from src (RFC 3261 section 18.2.2, RFC 3581 section 4): always to the host it came
// from. For one that came by a connection that is where to connect when it is gone. usual is the port of the transport it came by, where the
// Via has none; datagrams: that is UDP.
func (v *Via) Answer(src netip.AddrPort, usual uint16, datagrams bool) netip.AddrPort {
	if v.RPortEnd != 0 && datagrams {
		return src
	}
	return netip.AddrPortFrom(src.Addr(), v.SentPort(usual))
}

// Back is where a Via sends its answers: the address that was noted when the request came by, as Answer has it. b is the message's.
func (v *Via) Back(b []byte, usual uint16, datagrams bool) (netip.AddrPort, bool) {
	host := v.Host
	if !v.Received.Empty() {
		host = v.Received
	}
	ip, ok := ParseIP(b[host.From:host.To])
	if v.RPort.Empty() || !datagrams {
		return netip.AddrPortFrom(ip, v.SentPort(usual)), ok
	}
	n := 0
	for _, c := range b[v.RPort.From:v.RPort.To] {
		if n = n*10 + int(c-'0'); c < '0' || c > '9' || n > 65535 {
			return netip.AddrPort{}, false
		}
	}
	return netip.AddrPortFrom(ip, uint16(n)), ok
}

// SentBy is the address that who wrote a Via gave itself; ok is false where that is a name. b is the message's.
func (v *Via) SentBy(b []byte, usual uint16) (netip.AddrPort, bool) {
	ip, ok := ParseIP(b[v.Host.From:v.Host.To])
	return netip.AddrPortFrom(ip, v.SentPort(usual)), ok
}

// SentPort is the port of the sent-by; usual where there is none (RFC 3261 section 18.2.2).
func (v *Via) SentPort(usual uint16) uint16 {
	if v.Port != 0 {
		return uint16(v.Port)
	}
	return usual
}
