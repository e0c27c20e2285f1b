package legs

import (
	"net/netip"

	"twinhop/sip/locate"
	"twinhop/sip/peek"
)

// Transport is a way of carrying messages.
type Transport uint8

// The transports.
const (
	UDP Transport = iota
	TCP
	TLS
	WS  // WebSocket (RFC 7118)
	WSS // and over TLS
	Transports
)

var (
	words = [Transports]string{"udp", "tcp", "tls", "ws", "wss"} // as the configuration and metrics have them
	// In a URI both kinds of WebSocket are "ws" (RFC 7118 section 5.3): whether TLS is below it, the port tells, or the scheme.
	uriWords   = [Transports]string{"udp", "tcp", "tls", "ws", "ws"}
	sipsWords  = [Transports]string{"udp", "tcp", "tcp", "ws", "ws"} // TLS goes without saying (RFC 5630 section 3.1.4)
	viaWords   = [Transports]string{"UDP", "TCP", "TLS", "WS", "WSS"}
	usualPorts = [Transports]uint16{5060, 5060, 5061, 80, 443}
	locations  = [Transports]locate.Transport{locate.UDP, locate.TCP, locate.TLS, 0, 0} // nobody can be called by WebSocket
)

// Words are those of all transports, in their order.
func Words() []string { return words[:] }

// String is the word of the configuration.
func (t Transport) String() string { return words[t] }

// Via is the word of a Via.
func (t Transport) Via() string { return viaWords[t] }

// URI is the word of a transport parameter; secure: of a sips URI.
func (t Transport) URI(secure bool) string {
	if secure {
		return sipsWords[t]
	}
	return uriWords[t]
}

// Stream tells a transport with connections.
func (t Transport) Stream() bool { return t != UDP }

// Secure tells one that TLS protects.
func (t Transport) Secure() bool { return t == TLS || t == WSS }

// Web tells the kinds of WebSocket. Nobody can be called by them: who left is gone.
func (t Transport) Web() bool { return t == WS || t == WSS }

// DefaultPort is the one meant where none is named.
func (t Transport) DefaultPort() uint16 { return usualPorts[t] }

// Locate is the transport as RFC 3263 finds servers for it; 0: for none.
func (t Transport) Locate() locate.Transport { return locations[t] }

// Located is the transport that a server was found for.
func Located(l locate.Transport) (t Transport, ok bool) {
	for t := range Transports {
		if l != 0 && locations[t] == l {
			return t, true
		}
	}
	return UDP, false
}

// Read reads a word of a Via, of a URI or of the configuration, in any case; ok is false for one that is not served.
func Read(word []byte) (t Transport, ok bool) {
	for t := range Transports {
		if peek.FoldEqual(word, words[t]) {
			return t, true
		}
	}
	return UDP, false
}

// Asked is the transport that a URI asks for: a sips URI for one with TLS, and one without a word for UDP, or TLS.
func Asked(word []byte, given, secure bool) (t Transport, ok bool) {
	switch {
	case !given && secure:
		return TLS, true
	case !given:
		return UDP, true
	}
	if t, ok = Read(word); !secure || !ok {
		return t, ok
	}
	switch t {
	case TCP, TLS:
		return TLS, true
	case WS, WSS:
		return WSS, true
	}
	return UDP, false // there is no TLS over UDP
}

// Named is Read for words of the configuration, which was checked.
func Named(word string) Transport {
	t, _ := Read([]byte(word))
	return t
}

// Sendable tells whether an address can be that of one peer.
func Sendable(a netip.AddrPort) bool {
	ip := a.Addr()
	return ip.IsValid() && a.Port() != 0 && !ip.IsUnspecified() && !ip.IsMulticast() && ip != netip.AddrFrom4([4]byte{255, 255, 255, 255})
}
