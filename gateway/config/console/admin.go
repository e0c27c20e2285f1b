package console

import (
	"net/netip"

	"twinhop/gateway/config/form"
	"twinhop/gateway/config/secure"
)

// Admin is the listener of the API, the UI, metrics and health. An empty
// Listen switches it off; the socket in State.Dir stays.
type Admin struct {
	Listen   string     `yaml:"listen" form:"listen"`
	TLS      secure.TLS `yaml:"tls"`
	Insecure bool       `yaml:"insecure"` // plain HTTP on other than loopback
	// Hosts are names that browsers may use for it where it listens on loopback:
	// of who ends TLS in front of it.
	Hosts []string `yaml:"hosts" form:"publicHost" max:"64"`
	// ConfigWritable lets admins have the gateway write its own file.
	ConfigWritable bool `yaml:"configWritable"`
	// Monitors are networks that may read /lbstat and /lbinfo without a login.
	Monitors []string `yaml:"monitors" form:"cidr" max:"64"`
	Tokens   Tokens   `yaml:"tokens"`
}

// Tokens is how the tokens of programs are signed.
type Tokens struct {
	Algorithm string `yaml:"algorithm" oneof:"EdDSA HS256"`
}

// Default is what it says when nothing is said.
func Default() Admin {
	return Admin{Listen: "127.0.0.1:8090", Tokens: Tokens{Algorithm: "EdDSA"}}
}

// Clear tells whether other machines reach the listener without TLS: whoever
// stands in between reads passwords.
func (a *Admin) Clear() bool {
	if a.Listen == "" || a.TLS.On() {
		return false
	}
	host, _, err := form.SplitHostPort(a.Listen)
	ip, bad := netip.ParseAddr(host)
	return err == nil && host != "localhost" && (bad != nil || !ip.IsLoopback())
}
