package http

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"twinhop/http/head"
)

// hopByHop tells whether a field concerns one connection only and never
// passes (RFC 9110 section 7.6.1, and the h2c upgrade's settings).
func hopByHop(name string) bool {
	switch len(name) {
	case 2:
		return head.EqualFold(name, "TE")
	case 7:
		return head.EqualFold(name, "Upgrade") || head.EqualFold(name, "Trailer")
	case 10:
		return head.EqualFold(name, "Connection") || head.EqualFold(name, "Keep-Alive")
	case 14:
		return head.EqualFold(name, "HTTP2-Settings")
	case 16:
		return head.EqualFold(name, "Proxy-Connection")
	case 17:
		return head.EqualFold(name, "Transfer-Encoding")
	case 18:
		return head.EqualFold(name, "Proxy-Authenticate")
	case 19:
		return head.EqualFold(name, "Proxy-Authorization")
	}
	return false
}

// maxOptions bounds the options of a request's Connection fields, for each of
// them is compared with every field's name.
const maxOptions = 32

func options(connection []string) int {
	n := len(connection)
	for _, list := range connection {
		n += strings.Count(list, ",")
	}
	return n
}

// named tells whether a Connection field makes name one of the connection's
// own.
func named(connection []string, name string) bool {
	for _, list := range connection {
		for item := range strings.SplitSeq(list, ",") {
			if head.EqualFold(strings.Trim(item, " \t"), name) {
				return true
			}
		}
	}
	return false
}

// upgradeOf is the protocol the client asks to change to; "" for none, and for
// HTTP/2 in clear text, which would take the connection out of our hands.
func upgradeOf(h http.Header) string {
	offers := h["Upgrade"]
	if len(offers) != 1 || !named(h["Connection"], "upgrade") {
		return ""
	}
	offer := strings.Trim(offers[0], " \t")
	name, _, _ := strings.Cut(offer, "/")
	if !head.ValidName(name) || strings.ContainsAny(offer, ", \t") || head.EqualFold(name, "h2c") || head.EqualFold(name, "HTTP") {
		return ""
	}
	return offer
}

// aboutClient tells whether a field claims something about the client that
// only a trusted proxy may say.
func aboutClient(name string) bool {
	const prefix = "X-Forwarded-"
	return len(name) > len(prefix) && head.EqualFold(name[:len(prefix)], prefix) ||
		head.EqualFold(name, "Forwarded") || head.EqualFold(name, "X-Real-IP")
}

// ownField tells whether a field is spoken between us and the nodes only.
func ownField(name string) bool {
	const prefix = "X-Twinhop-"
	return len(name) > len(prefix) && head.EqualFold(name[:len(prefix)], prefix)
}

// forwarded tells the node who the client is. What an untrusted client said
// about itself is replaced; a trusted proxy's word is kept and its address
// added.
func (x *visit) forwarded() {
	r := &x.req
	peer := r.Peer.Remote.Addr().Unmap()
	trusted := slices.ContainsFunc(x.s.Trusted, func(p netip.Prefix) bool { return p.Contains(peer) })
	proto, port := "http", "80"
	if r.Peer.TLS != nil {
		proto, port = "https", "443"
	}
	if p := portOf(r.Host); p != "" {
		port = p
	}
	if !trusted {
		r.Fields.DelFunc(func(f head.Field) bool { return aboutClient(f.Name) })
		r.Fields.Add("X-Forwarded-For", x.peerText(peer))
		r.Fields.Add("X-Forwarded-Proto", proto)
		r.Fields.Add("X-Forwarded-Host", r.Host)
		r.Fields.Add("X-Forwarded-Port", port)
		return
	}
	chain := x.peerText(peer)
	if r.Fields.Has("X-Forwarded-For") {
		chain = strings.Join(append(slices.Collect(r.Fields.Values("X-Forwarded-For")), chain), ", ")
	}
	r.Fields.Set("X-Forwarded-For", chain)
	for _, f := range [...]head.Field{{Name: "X-Forwarded-Proto", Value: proto}, {Name: "X-Forwarded-Host", Value: r.Host},
		{Name: "X-Forwarded-Port", Value: port}} {
		if !r.Fields.Has(f.Name) {
			r.Fields.Add(f.Name, f.Value)
		}
	}
}

func (x *visit) peerText(a netip.Addr) string {
	if !a.IsValid() {
		return "unknown"
	}
	return a.String()
}

// portOf is the port in a Host field, "" when it has none.
func portOf(host string) string {
	i := strings.LastIndexByte(host, ':')
	if i < 0 || strings.HasSuffix(host, "]") {
		return ""
	}
	for _, c := range []byte(host[i+1:]) {
		if c < '0' || c > '9' {
			return ""
		}
	}
	return host[i+1:]
}
