package ajp

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"twinhop/http/head"
)

// bytesOf reads a packet as written in these tests: hex, "text" for a string
// with its length and NUL, and 'text' for bare bytes.
func bytesOf(t *testing.T, s string) string {
	t.Helper()
	var b strings.Builder
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimSpace(s) {
		switch s[0] {
		case '"', '\'':
			v, rest, _ := strings.Cut(s[1:], s[:1])
			if s[0] == '"' {
				v = text(v)
			}
			b.WriteString(v)
			s = rest
		default:
			word, _, _ := strings.Cut(strings.ReplaceAll(s, "\n", " "), " ")
			raw, err := hex.DecodeString(word)
			if err != nil {
				t.Fatal(err)
			}
			b.Write(raw)
			s = s[len(word):]
		}
	}
	return b.String()
}

// packetOf is bytesOf with the packet's head in front.
func packetOf(t *testing.T, s string) string {
	payload := bytesOf(t, s)
	return "\x12\x34" + u16(len(payload)) + payload
}

func sealed(t *testing.T, r *head.Request, s Settings) string {
	t.Helper()
	var o scratch
	if err := o.forward(r, true, &s); err != nil {
		t.Fatal(err)
	}
	return string(o.b)
}

func client(method, target string, fields ...string) *head.Request {
	r := &head.Request{Method: method, Target: target, Host: "shop.example",
		Peer: head.Peer{Remote: netip.MustParseAddrPort("192.0.2.7:50123"), Local: netip.MustParseAddrPort("[::ffff:198.51.100.1]:8080")}}
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ": ")
		r.Fields.Add(name, value)
	}
	return r
}

func TestForwardRequestByteForByte(t *testing.T) {
	draining := client("GET", "/cart/view", "Accept: text/html", "Cookie: JSESSIONID=B2.east")
	draining.Route, draining.Activation = "east", "DIS"
	post := client("POST", "/a;x=1/%2E%c3%a9?q=1&r=%20", "X-Two: one", "x-TWO: two", "cookie: a=1", "Cookie: b=2", "Content-Length: 9")
	post.Length, post.Host = 77, "shop.example:8443"
	patch := client("PATCH", "/p?")
	patch.Length, patch.Expect, patch.Host = -1, true, "[2001:db8::1]"
	patch.Peer = head.Peer{}
	for _, c := range []struct {
		name, secret string
		r            *head.Request
		want         string
	}{
		{"GET, draining member", "", draining, `
			02 02 "HTTP/1.1" "/cart/view" "192.0.2.7" ffff "shop.example" 0050 00
			0004 a00b "shop.example" a001 "text/html" a009 "JSESSIONID=B2.east" a008 "0"
			06 "east"
			0a "AJP_REMOTE_PORT" "50123"
			0a "AJP_LOCAL_ADDR" "198.51.100.1"
			0a "JK_LB_ACTIVATION" "DIS"
			ff`},
		{"POST, repeated fields joined, secret", "s3cret", post, `
			02 04 "HTTP/1.1" "/a;x=1/%2E%c3%a9" "192.0.2.7" ffff "shop.example" 20fb 00
			0004 a00b "shop.example:8443" "X-Two" "one, two" a009 "a=1; b=2" a008 "77"
			0c "s3cret"
			05 "q=1&r=%20"
			0a "AJP_REMOTE_PORT" "50123"
			0a "AJP_LOCAL_ADDR" "198.51.100.1"
			0a "JK_LB_ACTIVATION" "ACT"
			ff`},
		{"method without a number, body of unknown length, peer unknown", "", patch, `
			02 ff "HTTP/1.1" "/p" ffff ffff "[2001:db8::1]" 0050 00
			0003 a00b "[2001:db8::1]" "Expect" "100-continue" "Transfer-Encoding" "chunked"
			05 ""
			0d "PATCH"
			0a "AJP_REMOTE_PORT" "0"
			0a "JK_LB_ACTIVATION" "ACT"
			ff`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := sealed(t, c.r, Settings{Secret: c.secret})
			if want := packetOf(t, c.want); got != want {
				t.Errorf("got\n%swant\n%s", hex.Dump([]byte(got)), hex.Dump([]byte(want)))
			}
		})
	}
}

func TestTLSAttributes(t *testing.T) {
	r := client("GET", "/")
	r.Route = "n1"
	r.Peer.TLS = &tls.ConnectionState{Version: tls.VersionTLS13, CipherSuite: tls.TLS_AES_256_GCM_SHA384,
		PeerCertificates: []*x509.Certificate{{Raw: []byte("certificate of the client")}, {Raw: []byte("its issuer")}}}
	q := readForward([]byte(sealed(t, r, Settings{Secret: "s"})[4:]))
	cert := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("certificate of the client")}))
	want := []head.Field{{Name: "12", Value: "s"}, {Name: "6", Value: "n1"}, {Name: "7", Value: cert}, {Name: "8", Value: "TLS_AES_256_GCM_SHA384"},
		{Name: "11", Value: "256"}, {Name: "AJP_SSL_PROTOCOL", Value: "TLSv1.3"}, {Name: "AJP_REMOTE_PORT", Value: "50123"},
		{Name: "AJP_LOCAL_ADDR", Value: "198.51.100.1"}, {Name: "JK_LB_ACTIVATION", Value: "ACT"}}
	if fmt.Sprint(q.attrs) != fmt.Sprint(want) || !q.tls || q.port != 443 {
		t.Errorf("tls %v, port %d, attributes %q", q.tls, q.port, q.attrs)
	}
	chain := cert + string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("its issuer")}))
	if q := readForward([]byte(sealed(t, r, Settings{CertChain: true})[4:])); q.attr("7") != chain {
		t.Errorf("the chain is %q", q.attr("7"))
	}
	for version, word := range map[uint16]string{tls.VersionTLS12: "TLSv1.2", tls.VersionTLS11: "TLSv1.1"} {
		r.Peer.TLS = &tls.ConnectionState{Version: version, CipherSuite: tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256}
		if q := readForward([]byte(sealed(t, r, Settings{})[4:])); q.attr("AJP_SSL_PROTOCOL") != word || q.attr("7") != "" || q.attr("11") != "256" {
			t.Errorf("%x: %q", version, q.attrs)
		}
	}
	for cipher, bits := range map[uint16]int{tls.TLS_AES_128_GCM_SHA256: 128, tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA: 168, tls.TLS_RSA_WITH_RC4_128_SHA: 128, 0x1234: 0} {
		if got := keySize(tls.CipherSuiteName(cipher)); got != bits {
			t.Errorf("%s: %d bits, want %d", tls.CipherSuiteName(cipher), got, bits)
		}
	}
}

func TestMethodsAndFieldNumbers(t *testing.T) {
	for i, name := range methodNames[1:] {
		if got := sealed(t, client(name, "/"), Settings{})[5]; int(got) != i+1 {
			t.Errorf("%s is %d, want %d", name, got, i+1)
		}
	}
	for _, name := range []string{"get", "PATCH", "FOO"} {
		if q := readForward([]byte(sealed(t, client(name, "/"), Settings{})[4:])); q.method != name || q.attr("13") != name {
			t.Errorf("%s arrives as %q", name, q.method)
		}
	}
	for code, name := range codedNames {
		if want := code; name != "-" && !head.Framing(name) {
			for _, spelt := range []string{name, strings.ToUpper(name)} {
				if got := fieldCode(spelt); got != want {
					t.Errorf("%s is %#x, want %#x", spelt, got, want)
				}
			}
		}
	}
	for _, name := range []string{"x", "accep", "accept-", "cookie3", "X-Very-Long-Field"} {
		if fieldCode(name) != 0 {
			t.Errorf("%s has a number", name)
		}
	}
}

// Nothing that a client says becomes an attribute, nor a field that is for the
// protocol to say.
func TestClientsMakeNoAttributes(t *testing.T) {
	r := client("GET", "/?jvm_route=x", "AJP_REMOTE_PORT: 1", "JK_LB_ACTIVATION: STP", "secret: x", "javax.servlet.include.request_uri: /WEB-INF/web.xml",
		"Transfer-Encoding: chunked", "Content-Length: 5", "Connection: close", "Upgrade: h2c", "Expect: 100-continue", "Host: other")
	q := readForward([]byte(sealed(t, r, Settings{})[4:]))
	if fmt.Sprint(q.attrs) != "[{5 jvm_route=x} {AJP_REMOTE_PORT 50123} {AJP_LOCAL_ADDR 198.51.100.1} {JK_LB_ACTIVATION ACT}]" {
		t.Errorf("attributes %q", q.attrs)
	}
	var names []string
	for f := range q.fields.All() {
		names = append(names, f.Name)
	}
	if strings.Join(names, " ") != "host AJP_REMOTE_PORT JK_LB_ACTIVATION secret javax.servlet.include.request_uri content-length" ||
		q.fields.Get("host") != "shop.example" || q.fields.Get("content-length") != "0" {
		t.Errorf("fields %v", q.fields)
	}
}

func TestHeadLargerThanAPacket(t *testing.T) {
	long := func(n int) string { return strings.Repeat("a", n) }
	for _, c := range []struct {
		name string
		r    *head.Request
		size int
		want error
	}{
		{"fits", client("GET", "/", "X: "+long(7900)), 0, nil},
		{"fields", client("GET", "/", "X: "+long(8100)), 0, head.ErrFields},
		{"fields of many", client("GET", "/"+long(3000), "X: "+long(3000), "Y: "+long(3000)), 0, head.ErrFields},
		{"target", client("GET", "/?"+long(8100)), 0, head.ErrTarget},
		{"larger packets", client("GET", "/?"+long(8100), "X: "+long(8100)), 32 << 10, nil},
		{"beyond what a length can say", client("GET", "/", "X: "+long(70000)), 64 << 10, head.ErrFields},
		{"name that passes for a number", client("GET", "/", long(0xA00B)+": x"), 64 << 10, head.ErrFields},
		{"name just below", client("GET", "/", long(0x9FFF)+": x"), 64 << 10, nil},
		{"upgrade", &head.Request{Method: "GET", Target: "/", Host: "h", Upgrade: "websocket"}, 0, head.ErrUpgrade},
	} {
		t.Run(c.name, func(t *testing.T) {
			client := &Client{Default: Settings{PacketSize: c.size}}
			_, err := client.Exchange(t.Context(), "127.0.0.1:1", c.r, nil)
			if c.want == nil {
				if blameless(err) {
					t.Error(err)
				}
				return
			}
			if !errors.Is(err, c.want) || !head.NotSent(err) || !blameless(err) || head.Timeout(err) {
				t.Error(err)
			}
			t.Log(err)
		})
	}
}

func blameless(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Blameless()
}

// The packet is exactly as long as allowed, or refused: at every length around
// the limit.
func TestPacketLimitToTheByte(t *testing.T) {
	for n := 7700; n < 8200; n++ {
		r := client("GET", "/", "X: "+strings.Repeat("a", n))
		var o scratch
		err := o.forward(r, false, &Settings{})
		if fits := len(o.b) <= 8192; fits != (err == nil) {
			t.Fatalf("%d bytes: %v", len(o.b), err)
		}
	}
}

func TestServerNameAndPort(t *testing.T) {
	for host, want := range map[string]string{"h": "h 80", "h:1234": "h 1234", "[::1]": "[::1] 80", "[::1]:81": "[::1] 81", "h:": "h 80", "h:x": "h 80", "h:99999": "h 80", "": " 80"} {
		r := &head.Request{Host: host}
		if name, port := splitHost(r); fmt.Sprint(name, " ", port) != want {
			t.Errorf("%q: %s %d", host, name, port)
		}
	}
}
