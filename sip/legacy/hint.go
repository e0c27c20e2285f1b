package legacy

import (
	"net/netip"

	"twinhop/sip/peek"
)

// The parameters of a hint. Record-Route has all three, the Route and the Path of a node have no version.
const (
	hostParam    = "node_host"
	portParam    = "node_port"
	versionParam = "version"
)

// Hint names the node that a dialog lives on by its address, as anybody can write it.
type Hint struct {
	Host    []byte // of the message: an address, IPv6 with or without brackets, or a name
	Port    uint16
	version int // -1: none is named
}

// Read finds the hint in the parameters of a URI; params is a stretch of b. ok is false when there is none, or half of one.
func Read(b []byte, params peek.Span) (h Hint, ok bool) {
	if params.Empty() {
		return h, false
	}
	host, found := peek.Param(b, params, hostParam)
	if !found || host.Empty() {
		return h, false
	}
	port, _ := peek.Param(b, params, portParam)
	n, fine := number(b[port.From:port.To], 65535)
	if !fine || n == 0 {
		return h, false
	}
	h = Hint{Host: b[host.From:host.To], Port: uint16(n), version: -1}
	if v, found := peek.Param(b, params, versionParam); found {
		h.version, fine = number(b[v.From:v.To], 1<<31-1)
	}
	return h, fine
}

// Fits tells whether the hint may mean a node of this version: it names none, or that one.
func (h *Hint) Fits(version int) bool { return h.version < 0 || h.version == version }

// Write adds the hint to the URI that e has open.
func Write(e *peek.Edits, node netip.AddrPort, version int) {
	e.Text(";" + hostParam + "=").Host(node.Addr()).Text(";" + portParam + "=").Int(int(node.Port())).Text(";" + versionParam + "=").Int(version)
}

// number reads a decimal number up to most.
func number(b []byte, most int) (n int, ok bool) {
	for _, c := range b {
		if c -= '0'; c > 9 {
			return 0, false
		}
		if n = n*10 + int(c); n > most {
			return 0, false
		}
	}
	return n, len(b) > 0
}
