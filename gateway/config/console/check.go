package console

import (
	"net/netip"

	"twinhop/gateway/config/decode"
	"twinhop/gateway/config/form"
)

// Check complains of what is below admin.
func (a *Admin) Check(r *decode.Reader) {
	host, _, err := form.SplitHostPort(a.Listen)
	if a.Listen == "" || err != nil || a.Insecure {
		return
	}
	ip, err := netip.ParseAddr(host)
	if host == "localhost" || err == nil && ip.IsLoopback() {
		return
	}
	r.Bad("admin.listen", "listen on 127.0.0.1, or accept it with admin.insecure: true",
		"passwords and session keys would cross the network in clear")
}
