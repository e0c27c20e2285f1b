package console

import (
	"twinhop/gateway/config/decode"
	"twinhop/gateway/config/secure"
)

// Check complains of what is below admin. files looks at those of its
// certificates; nil: nobody does.
func (a *Admin) Check(r *decode.Reader, files secure.Files) {
	secure.Check(r, "admin.tls", &a.TLS, files)
	switch {
	case r.FailedUnder("admin.tls") || r.Failed("admin.listen"):
	case a.Listen == "":
		if r.Given("admin.tls") {
			r.Warn("admin.tls", "add listen:, such as 0.0.0.0:8443", "has no effect: nothing is listened on")
		}
	case a.TLS.On() && a.Insecure:
		r.Warn("admin.insecure", "leave it out", "has no effect: the admin speaks TLS")
	case a.Clear() && !a.Insecure:
		r.Bad("admin.listen", "add tls: {cert: admin.pem, key: admin.key}, or listen on 127.0.0.1, or accept it with admin.insecure: true",
			"passwords and session keys would cross the network in clear")
	}
}
