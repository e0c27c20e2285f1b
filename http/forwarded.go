package http

import (
	"net/netip"
	"slices"
	"strings"

	"twinhop/http/head"
	"twinhop/http/hop"
)

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
		r.Fields.DelFunc(func(f head.Field) bool { return hop.AboutClient(f.Name) })
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
