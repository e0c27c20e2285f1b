package ajp

import (
	"crypto/tls"
	"encoding/pem"
	"net/netip"
	"strconv"
	"strings"

	"twinhop/http/head"
)

// methods that are sent as a number; any other goes as the attribute
// stored_method. Their order is the protocol's, from 1.
var methods = func() map[string]byte {
	m := make(map[string]byte)
	for i, name := range strings.Fields("OPTIONS GET HEAD POST PUT DELETE TRACE PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK ACL " +
		"REPORT VERSION-CONTROL CHECKIN CHECKOUT UNCHECKOUT SEARCH MKWORKSPACE UPDATE LABEL MERGE BASELINE-CONTROL MKACTIVITY") {
		m[name] = byte(i + 1)
	}
	return m
}()

const methodStored = 0xFF

// Codes of the fields that are sent as a number, 0xA0xx.
const (
	codeContentLength = 0x08
	codeHost          = 0x0B
)

// fieldCode is the number of a field, 0 when its name is sent.
func fieldCode(name string) int {
	is := func(code int, known string) int {
		if head.EqualFold(name, known) {
			return code
		}
		return 0
	}
	switch len(name) {
	case 6:
		return is(0x01, "accept") | is(0x09, "cookie") | is(0x0C, "pragma")
	case 7:
		return is(0x0A, "cookie2") | is(0x0D, "referer")
	case 10:
		return is(0x0E, "user-agent")
	case 12:
		return is(0x07, "content-type")
	case 13:
		return is(0x05, "authorization")
	case 14:
		return is(0x02, "accept-charset")
	case 15:
		return is(0x03, "accept-encoding") | is(0x04, "accept-language")
	}
	return 0
}

// Codes of attributes, in the order of appearance. Those of the user and how
// it was found out who that is (3 and 4) are not sent: nothing here does.
const (
	attrSecret       = 12
	attrQuery        = 5
	attrRoute        = 6
	attrCert         = 7
	attrCipher       = 8
	attrKeySize      = 11 // the only one that is a number
	attrStoredMethod = 13
	attrNamed        = 10 // name and value
	attrEnd          = 255
)

// appendForward writes the Forward Request packet for r, but for its length.
// Attributes are ours alone: nothing that a client says becomes one.
func appendForward(b []byte, r *head.Request, s *Settings) []byte {
	b = append(b, toNode...)
	code, known := methods[r.Method]
	if !known {
		code = methodStored
	}
	path, query, asked := strings.Cut(r.Target, "?")
	server, port := splitHost(r)
	b = append(b, typeForward, code)
	b = appendString(b, "HTTP/1.1")
	b = appendString(b, path)
	b = appendAddr(b, r.Peer.Remote.Addr())
	b = appendInt(b, null) // nobody looked the client's name up
	b = appendString(b, server)
	b = appendInt(b, port)
	b = append(b, truth(r.Peer.TLS != nil))
	b = appendFields(b, r)
	if s.Secret != "" {
		b = appendString(append(b, attrSecret), s.Secret)
	}
	if asked {
		b = appendString(append(b, attrQuery), query)
	}
	if r.Route != "" {
		b = appendString(append(b, attrRoute), r.Route)
	}
	b = s.appendTLS(b, r.Peer.TLS)
	if !known {
		b = appendString(append(b, attrStoredMethod), r.Method)
	}
	if r.Peer.TLS != nil {
		b = appendNamed(b, "AJP_SSL_PROTOCOL", protocol(r.Peer.TLS))
	}
	b = appendString(append(b, attrNamed), "AJP_REMOTE_PORT")
	b = appendNumber(b, int64(r.Peer.Remote.Port()))
	if r.Peer.Local.IsValid() {
		b = appendString(append(b, attrNamed), "AJP_LOCAL_ADDR")
		b = appendAddr(b, r.Peer.Local.Addr())
	}
	activation := r.Activation
	if activation == "" {
		activation = "ACT"
	}
	b = appendNamed(b, "JK_LB_ACTIVATION", activation)
	return append(s.appendOwn(b, r.Peer.TLS), attrEnd)
}

// appendFields writes the number of fields and the fields. Repeated ones are
// joined, as httpd does before mod_jk sees them (RFC 9110 section 5.3;
// cookies: RFC 9113 section 8.2.3). The length is always said: a container
// takes a missing one for a body of unknown length.
func appendFields(b []byte, r *head.Request) []byte {
	at, n := len(b), 0
	b = appendInt(b, 0)
	if r.Host != "" {
		b, n = appendString(appendInt(b, coded|codeHost), r.Host), n+1
	}
	for i := range r.Fields.Len() {
		name := r.Fields.At(i).Name
		if head.Framing(name) || seenBefore(&r.Fields, i) {
			continue
		}
		code := fieldCode(name)
		if code != 0 {
			b = appendInt(b, coded|code)
		} else {
			b = appendString(b, name)
		}
		b, n = appendJoined(b, &r.Fields, i), n+1
	}
	if r.Expect && r.Length != 0 {
		b, n = appendString(appendString(b, "Expect"), "100-continue"), n+1
	}
	if r.Length < 0 {
		b, n = appendString(appendString(b, "Transfer-Encoding"), "chunked"), n+1
	} else {
		b, n = appendNumber(appendInt(b, coded|codeContentLength), r.Length), n+1
	}
	b[at], b[at+1] = byte(n>>8), byte(n)
	return b
}

func seenBefore(f *head.Fields, i int) bool {
	name := f.At(i).Name
	for j := range i {
		if head.EqualFold(f.At(j).Name, name) {
			return true
		}
	}
	return false
}

// appendJoined writes the value of field i and of all later ones of its name.
func appendJoined(b []byte, f *head.Fields, i int) []byte {
	at, first := len(b), f.At(i)
	b = append(appendInt(b, 0), first.Value...)
	for j := i + 1; j < f.Len(); j++ {
		if x := f.At(j); head.EqualFold(x.Name, first.Name) {
			if head.EqualFold(x.Name, "Cookie") {
				b = append(b, "; "...)
			} else {
				b = append(b, ", "...)
			}
			b = append(b, x.Value...)
		}
	}
	n := len(b) - at - 2
	b[at], b[at+1] = byte(n>>8), byte(n)
	return append(b, 0)
}

// appendTLS writes what is known of a TLS connection, in the words of Java.
// The session's id (9) is not: crypto/tls does not tell it, and TLS 1.3 has
// none that stays.
func (s *Settings) appendTLS(b []byte, c *tls.ConnectionState) []byte {
	if c == nil {
		return b
	}
	if shown := c.PeerCertificates; len(shown) > 0 {
		if !s.CertChain {
			shown = shown[:1]
		}
		var text []byte
		for _, cert := range shown {
			text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})...)
		}
		b = appendString(append(b, attrCert), text)
	}
	cipher := tls.CipherSuiteName(c.CipherSuite)
	b = appendString(append(b, attrCipher), cipher)
	if bits := keySize(cipher); bits > 0 {
		b = appendInt(append(b, attrKeySize), bits)
	}
	return b
}

// keySize is the length of a cipher's key in bits, 0 when its name does not
// tell.
func keySize(cipher string) int {
	for _, known := range [...]struct {
		part string
		bits int
	}{{"AES_128", 128}, {"AES_256", 256}, {"CHACHA20", 256}, {"3DES", 168}, {"RC4_128", 128}} {
		if strings.Contains(cipher, known.part) {
			return known.bits
		}
	}
	return 0
}

// splitHost is the server's name and port as the client knows them.
func splitHost(r *head.Request) (name string, port int) {
	name, port = r.Host, 80
	if r.Peer.TLS != nil {
		port = 443
	}
	i := strings.LastIndexByte(name, ':')
	if i < 0 || strings.HasSuffix(name, "]") {
		return name, port
	}
	if p, err := strconv.ParseUint(name[i+1:], 10, 16); err == nil {
		port = int(p)
	}
	return name[:i], port
}

func appendNamed(b []byte, name, value string) []byte {
	return appendString(appendString(append(b, attrNamed), name), value)
}

// appendNumber writes a number as text.
func appendNumber(b []byte, n int64) []byte {
	at := len(b)
	b = strconv.AppendInt(appendInt(b, 0), n, 10)
	b[at+1] = byte(len(b) - at - 2)
	return append(b, 0)
}

// appendAddr writes an address as text, null when it is not known.
func appendAddr(b []byte, a netip.Addr) []byte {
	if !a.IsValid() {
		return appendInt(b, null)
	}
	at := len(b)
	b = a.Unmap().WithZone("").AppendTo(appendInt(b, 0))
	b[at+1] = byte(len(b) - at - 2)
	return append(b, 0)
}

// fits tells what of r is to blame when its packet b is longer than size, or
// a name so long that it would pass for a number; nil when nothing is.
func fits(b []byte, r *head.Request, size int) error {
	for i := range r.Fields.Len() {
		if len(r.Fields.At(i).Name) > maxName {
			return head.ErrFields
		}
	}
	switch {
	case len(b) <= size:
		return nil
	case 2*len(r.Target) > len(b):
		return head.ErrTarget
	}
	return head.ErrFields
}

func truth(yes bool) byte {
	if yes {
		return 1
	}
	return 0
}
