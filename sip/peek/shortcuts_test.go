package peek

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
)

var errZone = errors.New("a zone")

// TestParseIPAsNetip: the short way for IPv4 accepts what netip does, no more and no less.
func TestParseIPAsNetip(t *testing.T) {
	for _, s := range []string{"192.0.2.1", "0.0.0.0", "255.255.255.255", "256.0.0.1", "1.2.3.999", "1.2.3.1000", "01.2.3.4", "1.2.3.00", "1.2.3", "1.2.3.", ".1.2.3",
		"1..2.3", "1.2.3.4.5", "1.2.3.4.", "1.2.3.a", "1234", "1", "", "a.b", "::1", "2001:db8::1", "::ffff:192.0.2.1", "1.2.3.4:5", "fe80::1%eth0"} {
		want, err := netip.ParseAddr(s)
		if strings.Contains(s, "%") {
			want, err = netip.Addr{}, errZone
		}
		for _, text := range []string{s, "[" + s + "]"} {
			if got, ok := ParseIP([]byte(text)); ok != (err == nil) || ok && got != want.Unmap() {
				t.Errorf("%q: %v, %v; netip: %v, %v", text, got, ok, want, err)
			}
		}
	}
}

// TestViaShortWay: a blank before each semicolon leads to nextParam, which must find what the short way finds.
func TestViaShortWay(t *testing.T) {
	for _, params := range []string{";branch=z9hG4bKabc;rport", ";rport;branch=z9hG4bKabc", ";branch=a;rport=5060;received=192.0.2.1", ";received=::1;rport=;branch=", ";rport;rport",
		";rport=1;rport", ";branch=a;branch=b", ";received=a;received=b", ";received=", ";received=;rport", ";rporty;x=y;branch=a", ";;branch=a;;",
		";branch=" + strings.Repeat("x", MaxToken), ";branch=" + strings.Repeat("x", MaxToken+1), ";branch", ";BRANCH=a;RPort;Received=b"} {
		var found [2]string
		for i, p := range []string{params, strings.ReplaceAll(params, ";", " ;")} {
			b := []byte("SIP/2.0/UDP 192.0.2.9:5070" + p + "\r\n")
			v, ok := ParseVia(b, Span{0, len(b) - 2})
			if !ok {
				continue
			}
			text := func(s Span) string { return string(b[s.From:s.To]) + "|" }
			found[i] = text(v.Branch) + text(v.Received) + text(v.RPort)
			if v.RPortEnd != 0 {
				found[i] += text(Span{v.RPortEnd - len("rport"), v.RPortEnd})
			}
		}
		if found[0] != found[1] {
			t.Errorf("%s: %q, with blanks %q", params, found[0], found[1])
		}
	}
}
