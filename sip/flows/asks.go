package flows

import (
	"bytes"
	"crypto/tls"
	"net"
	"net/netip"
	"slices"
	"strings"

	"twinhop/sip/legs"
	"twinhop/sip/peek"
)

// Leans tells whether the client that sent a request can only be reached by the way the request came: it is a browser, it says so by "ob" in
// its Contact (RFC 5626 section 4.3), or what it thinks its address is cannot be: then an address translation stands between. Over UDP that
// one also has to ask for its port (RFC 3581), and so to listen where it sends.
func Leans(m *peek.Message, g *legs.Leg, src netip.AddrPort) bool {
	if g.Web() {
		return true
	}
	if m.Contacts.Count > 0 {
		if u := m.AddrURI(m.Contacts.At(0).Span); u.OK {
			if _, found := peek.Param(m.Buf, u.Params, "ob"); found {
				return true
			}
		}
	}
	ip, literal := peek.ParseIP(m.Text(m.Via.Host))
	return literal && ip != src.Addr().Unmap().WithZone("") && local(ip) && (g.Stream() || m.Via.RPortEnd != 0)
}

// local tells an address that means something else at every place.
func local(ip netip.Addr) bool {
	return ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() || ip.IsUnspecified() || shared.Contains(ip)
}

var shared = netip.MustParsePrefix("100.64.0.0/10") // RFC 6598

// Registration is what a REGISTER says of the way back to its client.
type Registration struct {
	Path     bool // we may put ourselves into it (RFC 3327 section 5.2)
	Outbound bool // it is to lead along the flow by which the REGISTER came, and say so (RFC 5626 section 5.1)
	At       int  // where the first Path line begins; 0 = there is none
}

// Registers reads a REGISTER. Who supports outbound supports Path (RFC 5626 section 4.2.1).
func Registers(m *peek.Message) (r Registration) {
	for name, line := range m.Lines() {
		if name != peek.OtherName {
			continue
		}
		field, value, _ := bytes.Cut(m.Text(line), []byte(":"))
		switch field = bytes.TrimRight(field, " \t"); {
		case peek.FoldEqual(field, "path"):
			if r.At == 0 {
				r.At = line.From
			}
		case peek.FoldEqual(field, "supported"), peek.FoldEqual(field, "k"), peek.FoldEqual(field, "require"):
			for tag := range bytes.SplitSeq(value, []byte(",")) {
				tag = bytes.TrimSpace(tag)
				r.Outbound = r.Outbound || peek.FoldEqual(tag, "outbound")
				r.Path = r.Path || r.Outbound || peek.FoldEqual(tag, "path")
			}
		}
	}
	r.Outbound = r.Outbound && m.Vias.Count == 1 // we are its first hop
	return r
}

// Param is our parameter for the token of a flow, in the Record-Route of the client's side and in Path.
const Param = "tf"

// Ends are those of a way by which a REGISTER goes.
type Ends struct {
	Side   *legs.Leg      // toward the node
	Near   netip.AddrPort // and as that sees it
	Client *legs.Leg      // toward the client
	Src    netip.AddrPort // and where that is
	Token  []byte         // of the flow to it
}

// Path puts us, as the node sees us, into the way back to a client that registers, if it asks for that (RFC 3327 section 5.2): above
// whoever is in it. Who does not know Path is not told.
func Path(e *peek.Edits, m *peek.Message, x Ends) {
	r := Registers(m)
	if !r.Path {
		return
	}
	at := m.Vias.At(0).LineEnd
	if r.At > 0 {
		at = min(at, r.At)
	}
	x.Side.Write(e.At(at).Text("Path: <sip:"), x.Near)
	e.Text(";transport=").Text(x.Side.URI(false)).Text(";lr")
	if r.Outbound {
		e.Text(";ob")
	}
	if r.Outbound || Leans(m, x.Client, x.Src) {
		e.Text(";").Text(Param).Text("=").Bytes(x.Token)
	}
	e.Text(">").EndLine()
}

// Aliased tells whether the sender of a request wants requests for the address in its Via to come by this connection (RFC 5923 section 5).
func Aliased(m *peek.Message) bool {
	_, found := peek.Param(m.Buf, peek.Span{From: m.Via.HostPort().To, To: m.Via.To}, "alias")
	return found
}

// Certified tells whether the other end of a connection has shown a certificate, which was verified, that names a host: as a SIP domain where
// it names any, else as DNS name or address, letter for letter (RFC 5922 sections 7.1 and 7.2).
func Certified(state *tls.ConnectionState, host string) bool {
	if state == nil || len(state.VerifiedChains) == 0 || len(state.PeerCertificates) == 0 {
		return false
	}
	cert, domains := state.PeerCertificates[0], 0
	same := func(name string) bool { return strings.EqualFold(name, host) }
	for _, u := range cert.URIs {
		if name := u.Opaque; strings.EqualFold(u.Scheme, "sip") && name != "" && !strings.ContainsAny(name, "@;?") {
			if domains++; same(name) {
				return true
			}
		}
	}
	if ip, ok := peek.ParseIP([]byte(host)); ok {
		return domains == 0 && slices.ContainsFunc(cert.IPAddresses, net.IP(ip.AsSlice()).Equal)
	}
	return domains == 0 && slices.ContainsFunc(cert.DNSNames, same)
}
