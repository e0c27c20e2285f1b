package hop

import (
	"net/http"
	"strings"

	"twinhop/http/head"
)

// ByHop tells whether a field concerns one connection only and never
// passes (RFC 9110 section 7.6.1, and the h2c upgrade's settings).
func ByHop(name string) bool {
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

// MaxOptions bounds the options of a request's Connection fields, for each of
// them is compared with every field's name.
const MaxOptions = 32

// Options is how many options the Connection fields name.
func Options(connection []string) int {
	n := len(connection)
	for _, list := range connection {
		n += strings.Count(list, ",")
	}
	return n
}

// Named tells whether a Connection field makes name one of the connection's
// own.
func Named(connection []string, name string) bool {
	for _, list := range connection {
		for item := range strings.SplitSeq(list, ",") {
			if head.EqualFold(strings.Trim(item, " \t"), name) {
				return true
			}
		}
	}
	return false
}

// Upgrade is the protocol the client asks to change to; "" for none, and for
// HTTP/2 in clear text, which would take the connection out of our hands.
func Upgrade(h http.Header) string {
	offers := h["Upgrade"]
	if len(offers) != 1 || !Named(h["Connection"], "upgrade") {
		return ""
	}
	offer := strings.Trim(offers[0], " \t")
	name, _, _ := strings.Cut(offer, "/")
	if !head.ValidName(name) || strings.ContainsAny(offer, ", \t") || head.EqualFold(name, "h2c") || head.EqualFold(name, "HTTP") {
		return ""
	}
	return offer
}

// AboutClient tells whether a field claims something about the client that
// only a trusted proxy may say.
func AboutClient(name string) bool {
	const prefix = "X-Forwarded-"
	return len(name) > len(prefix) && head.EqualFold(name[:len(prefix)], prefix) ||
		head.EqualFold(name, "Forwarded") || head.EqualFold(name, "X-Real-IP")
}

// Own tells whether a field is spoken between us and the nodes only.
func Own(name string) bool {
	const prefix = "X-Twinhop-"
	return len(name) > len(prefix) && head.EqualFold(name[:len(prefix)], prefix)
}
