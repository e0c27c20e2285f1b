package flows

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"twinhop/sip/legs"
	"twinhop/sip/peek"
)

func scan(t *testing.T, method string, lines ...string) *peek.Message {
	t.Helper()
	text := method + " sip:x@y SIP/2.0\r\n" + strings.Join(lines, "\r\n") + "\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: c\r\nCSeq: 1 " + method + "\r\n\r\n"
	m := new(peek.Message)
	if r := m.Scan([]byte(text)); r != peek.OK {
		t.Fatalf("%v:\n%s", r, text)
	}
	return m
}

func TestLeans(t *testing.T) {
	src := netip.MustParseAddrPort("198.51.100.7:34567")
	for _, c := range []struct {
		name      string
		transport legs.Transport
		via, more string
		want      bool
	}{
		{"a browser", legs.WS, "WS x.invalid", "", true},
		{"a browser with TLS", legs.WSS, "WSS x.invalid", "", true},
		{"a phone at its address", legs.TCP, "TCP 198.51.100.7", "Contact: <sip:a@198.51.100.7;transport=tcp>", false},
		{"a phone that asks for it", legs.TCP, "TCP 198.51.100.7", "Contact: <sip:a@198.51.100.7;transport=tcp;ob>", true},
		{"and over UDP", legs.UDP, "UDP 198.51.100.7", "Contact: \"ob\" <sip:a@198.51.100.7;OB>", true},
		{"ob of the header", legs.UDP, "UDP 198.51.100.7", "Contact: <sip:a@198.51.100.7>;ob", false},
		{"a phone behind a NAT", legs.TCP, "TCP 192.168.1.5:5060", "", true},
		{"with TLS", legs.TLS, "TLS 10.1.2.3", "", true},
		{"behind that of a provider", legs.TCP, "TCP 100.64.3.3", "", true},
		{"one that thinks it is alone", legs.TCP, "TCP 127.0.0.1", "", true},
		{"by IPv6", legs.TCP, "TCP [fd00::5]", "", true},
		{"over UDP, where it listens who knows", legs.UDP, "UDP 192.168.1.5:5060", "", false},
		{"over UDP, and asks for its port", legs.UDP, "UDP 192.168.1.5:5060;rport", "", true},
		{"two public addresses", legs.TCP, "TCP 203.0.113.9", "", false},
		{"a name", legs.TCP, "TCP trunk.example.com", "", false},
	} {
		m := scan(t, "INVITE", "Via: SIP/2.0/"+c.via+";branch=z9hG4bK1", strings.TrimPrefix(c.more+"\r\nX: y", "\r\n"))
		if got := Leans(m, &legs.Leg{Transport: c.transport}, src); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
	m := scan(t, "INVITE", "Via: SIP/2.0/TCP 192.168.1.5;branch=z9hG4bK1")
	if Leans(m, &legs.Leg{Transport: legs.TCP}, netip.MustParseAddrPort("[::ffff:192.168.1.5]:34567")) {
		t.Error("a private address that is right needs nothing")
	}
}

func TestRegisters(t *testing.T) {
	via := "Via: SIP/2.0/TCP 198.51.100.7;branch=z9hG4bK1"
	for _, c := range []struct {
		name     string
		lines    []string
		path, ob bool
	}{
		{"nothing", nil, false, false},
		{"another", []string{"Supported: 100rel, pathology", "Path-Info: path"}, false, false},
		{"path", []string{"Supported: 100rel, PATH"}, true, false},
		{"in short", []string{"k: gruu,path"}, true, false},
		{"in two", []string{"Supported: gruu", "supported : \r\n path"}, true, false},
		{"outbound", []string{"Supported: path, outbound"}, true, true},
		{"outbound alone", []string{"Supported: outbound"}, true, true},
		{"required", []string{"Require: outbound"}, true, true},
		{"not the first hop", []string{"Via: SIP/2.0/TCP 10.0.0.9;branch=z9hG4bK2", "Supported: path, outbound"}, true, false},
	} {
		if got := Registers(scan(t, "REGISTER", append([]string{via}, c.lines...)...)); got.Path != c.path || got.Outbound != c.ob || got.At != 0 {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
	m := scan(t, "REGISTER", via, "Path: <sip:a>", "PATH: <sip:b>")
	if r := Registers(m); !strings.HasPrefix(string(m.Buf[r.At:]), "Path: <sip:a>") {
		t.Errorf("the first Path is at %d", r.At)
	}
}

func TestAliased(t *testing.T) {
	for via, want := range map[string]bool{"TLS a.example;branch=z9hG4bK1;alias": true, "TLS a.example:5061;ALIAS;branch=z9hG4bK1": true,
		"TLS alias.example;branch=z9hG4bK1": false, "TLS a.example;branch=z9hG4bK1;x=alias": false} {
		if got := Aliased(scan(t, "INVITE", "Via: SIP/2.0/"+via)); got != want {
			t.Errorf("%s: %v", via, got)
		}
	}
}

func TestCertified(t *testing.T) {
	uri := func(s string) *url.URL {
		u, err := url.Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	dns := &x509.Certificate{DNSNames: []string{"Edge.Example.com", "*.example.net"}, IPAddresses: []net.IP{net.IPv4(192, 0, 2, 9)}}
	domain := &x509.Certificate{DNSNames: []string{"edge.example.com"}, URIs: []*url.URL{uri("sip:example.org"), uri("sip:alice@example.com"), uri("https://example.com")}}
	for _, c := range []struct {
		name string
		cert *x509.Certificate
		host string
		want bool
	}{
		{"its name", dns, "edge.example.com", true},
		{"another", dns, "example.com", false},
		{"a wildcard", dns, "x.example.net", false},
		{"its address", dns, "192.0.2.9", true},
		{"another address", dns, "192.0.2.8", false},
		{"a domain", domain, "Example.org", true},
		{"a name beside a domain", domain, "edge.example.com", false},
		{"a person", domain, "example.com", false},
		{"nothing", &x509.Certificate{}, "", false},
	} {
		state := &tls.ConnectionState{PeerCertificates: []*x509.Certificate{c.cert}, VerifiedChains: [][]*x509.Certificate{{c.cert}}}
		if got := Certified(state, c.host); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
		if state.VerifiedChains = nil; Certified(state, c.host) || Certified(nil, c.host) || Certified(&tls.ConnectionState{}, c.host) {
			t.Errorf("%s: taken without being verified", c.name)
		}
	}
}
