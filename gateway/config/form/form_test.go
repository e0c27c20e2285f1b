package form

import (
	"strings"
	"testing"
	"time"
)

func TestSizesAndDurations(t *testing.T) {
	for in, want := range map[string]Size{"0": 0, "4096": 4096, "64MiB": 64 << 20, "1GB": 1e9, "512 KiB": 512 << 10, "7B": 7} {
		if got, err := ParseSize(in); err != nil || got != want {
			t.Errorf("size %q: %d, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "MiB", "-1", "1.5GiB", "99999999999GiB", "1 Mi B", "0x10"} {
		if got, err := ParseSize(in); err == nil {
			t.Errorf("size %q: %d", in, got)
		}
	}
	for in, want := range map[string]time.Duration{"0": 0, "5100ms": 5100 * time.Millisecond, "1h30m": 90 * time.Minute, "0s": 0} {
		if got, err := ParseDuration(in); err != nil || got != want {
			t.Errorf("duration %q: %s, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "5", "-1s", "1d", "5 s", "NaN"} {
		if got, err := ParseDuration(in); err == nil {
			t.Errorf("duration %q: %s", in, got)
		}
	}
	for in, want := range map[time.Duration]string{0: "0s", time.Hour: "1h", 90 * time.Minute: "1h30m", 10 * time.Second: "10s", time.Hour + time.Second: "1h0m1s"} {
		if got := Short(in); got != want {
			t.Errorf("%d: %q, want %q", in, got, want)
		}
	}
}

func TestNearest(t *testing.T) {
	words := []string{"weight", "route", "name", "http", "sip", "activation"}
	for in, want := range map[string]string{
		"weigth": "weight", "Weight": "weight", "rout": "route", "nmae": "name", "htp": "http", "activaton": "activation",
		"sp": "sip", "xyzzy": "", "": "", "zzzzzz": "", strings.Repeat("w", 1000): "",
	} {
		if got := Nearest(in, words); got != want {
			t.Errorf("%.20q: %q, want %q", in, got, want)
		}
	}
}

func TestPeers(t *testing.T) {
	for in, want := range map[string]SIPPeer{
		"192.0.2.1:5060":                          {"192.0.2.1", 5060, ""},
		"proxy.example.com:5070":                  {"proxy.example.com", 5070, ""},
		"[2001:db8::1]:5060":                      {"2001:db8::1", 5060, ""},
		"sip:proxy.example.com":                   {"proxy.example.com", 0, ""},
		"sip:proxy.example.com;transport=tcp":     {"proxy.example.com", 0, "tcp"},
		"sip:192.0.2.1:5060;transport=udp":        {"192.0.2.1", 5060, "udp"},
		"sip:[2001:db8::1]":                       {"2001:db8::1", 0, ""},
		"sip:[2001:db8::1]:5060;transport=tcp":    {"2001:db8::1", 5060, "tcp"},
		"sip:proxy_1.example.com:5;transport=tcp": {"proxy_1.example.com", 5, "tcp"},
		"sip:proxy;transport=tls":                 {"proxy", 0, "tls"},
		"sips:proxy":                              {"proxy", 0, "tls"},
		"sips:[2001:db8::1]:5061;transport=tls":   {"2001:db8::1", 5061, "tls"},
	} {
		if got, err := ParseSIPPeer(in); got != want || err != nil {
			t.Errorf("%q: %+v, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "proxy", "proxy:0", "proxy:5060;transport=tcp", "sip:", "sip:;transport=tcp", "sip:proxy:0", "sip:proxy:x",
		"sip:u@proxy", "sip:proxy?a=b", "sip:proxy;lr", "sip:proxy;transport=", "sip:proxy;transport=tcp;lr", "sip:proxy;transport=ws",
		"sips:", "sips:u@proxy", "sips:proxy;transport=udp", "sips:proxy;lr", "sips://proxy", "sip:2001:db8::1", "sip:[2001:db8::1", "sip:2001:db8::1]", "sip:[proxy]", "sip:[[::1]]", "sip:0.0.0.0", "sip:224.0.1.75:5060",
		"sip:pro xy", "sip:proxy\r\nVia: x", "0.0.0.0:5060", ":5060"} {
		if got, err := ParseSIPPeer(in); err == nil {
			t.Errorf("%q: %+v", in, got)
		}
	}
	for in, want := range map[string][2]string{"udp://:5060": {"udp", ":5060"}, "tcp://[::1]:5061": {"tcp", "[::1]:5061"}} {
		if transport, addr := SplitSIPURL(in); transport != want[0] || addr != want[1] {
			t.Errorf("%q: %q %q", in, transport, addr)
		}
	}
}

// Each form lets pass what its hint shows, and says what is wrong with what it does not.
func TestForms(t *testing.T) {
	for name, c := range map[string]struct{ good, bad []string }{
		"listen":      {[]string{"", ":8080", "0.0.0.0:0", "[::1]:80", "localhost:65535"}, []string{"8080", ":65536", ":+1", "::1:80", "[1.2.3.4]:80", "a b:80", "256.1.1.1:80"}},
		"sipListen":   {[]string{"udp://0.0.0.0:5060", "tcp://[::]:5060", "udp://:0", "tls://:5061", "ws://:80", "wss://[::]:443"}, []string{"", "udp:5060", "0.0.0.0:5060", "WSS://:443", "sctp://:5060", "udp://5060"}},
		"sipInner":    {[]string{"udp://0.0.0.0:5065", "tcp://:5065", "tls://:5071"}, []string{"", "ws://:80", "wss://:443", "TLS://:5071"}},
		"origin":      {[]string{"*", "https://shop.example", "http://localhost:3000", "https://[::1]:8443", "capacitor://localhost"}, []string{"", "null", "shop.example", "https://", "https://shop.example/", "https://shop.example:443", "https://Shop.example", "https://*.example", "HTTPS://a", "https://u@a", "https://a b"}},
		"localPath":   {[]string{"", "/sip", "/a/b.c", "/"}, []string{"sip", "/sip/", "//sip", "/a/../sip", "/sip;x=1", "/sip?x", "/s%69p", "/sip/*", "/a|/b", "!/sip", "/a b"}},
		"publicHost":  {[]string{"", "sip.example.com", "203.0.113.1", "2001:db8::1"}, []string{"0.0.0.0", "::", "224.0.0.1", "a b", "host:5060", "1.2.3"}},
		"name":        {[]string{"node1", "007", "a.b-c_d"}, []string{"", "-a", "a b", strings.Repeat("a", 61), "*"}},
		"poolNode":    {[]string{"*", "node1"}, []string{"", "**", "node*"}},
		"poolRef":     {[]string{"*", "default"}, []string{"", "a/b"}},
		"route":       {[]string{"node1", "west.node1", "_a"}, []string{"", ".a", "a b"}},
		"httpNode":    {[]string{"http://10.0.0.1:8080", "http://app", "http://[::1]:80/", "ajp://a:8009", "ajp://a"}, []string{"", "10.0.0.1:8080", "https://a", "ajp://a:8009/app", "ajp13://a", "ajp://:8009", "http://u@a", "http://a/path", "http://a?q", "http://0.0.0.0:80", "http://a:0"}},
		"sipNode":     {[]string{"udp://10.0.0.1:5080", "tcp://node1:5080", "tls://node1:5081"}, []string{"", "udp://:5080", "udp://10.0.0.1:0", "udp://0.0.0.0:5080", "ws://a:80", "10.0.0.1:5080"}},
		"sipPeer":     {[]string{"192.0.2.1:5060", "sip:proxy.example.com;transport=tcp", "sips:proxy"}, []string{"proxy", "sip:u@proxy", "tcp://proxy:5060"}},
		"transport":   {[]string{"udp", "tcp", "tls"}, []string{"", "ws", "UDP", "sctp"}},
		"sipExtra":    {[]string{"10.0.0.7", "10.0.0.7:5090", "media.example.com", "media:5090", "2001:db8::7", "[2001:db8::7]", "[2001:db8::7]:5090"}, []string{"", "10.0.0.0/8", "a b", "10.0.0.7:0", "10.0.0.7:", "[10.0.0.7]", "0.0.0.0", "224.0.0.1", "fe80::1%eth0", "*.example.com", "[media]:1", "udp://10.0.0.7:5090"}},
		"sipAlias":    {[]string{"sip.example.com", "*.example.com", "*.example.com:5070", "203.0.113.9", "203.0.113.9:5060", "2001:db8::7", "[2001:db8::7]:5060"}, []string{"", "*", "*.", "*.203.0.113.9", "a.*.com", "sip:example.com", "a b", "203.0.113.9:65536"}},
		"scanner":     {[]string{"friendly-scanner", "a b"}, []string{"", "ab", " abc", strings.Repeat("a", 65), "a\rb"}},
		"ip":          {[]string{"10.0.0.7", "2001:db8::7"}, []string{"", "10.0.0.0/8", "fe80::1%eth0", "host"}},
		"cidr":        {[]string{"10.0.0.0/8", "192.0.2.7", "::1/128"}, []string{"", "10.0.0.0/33", "10.0.0", "fe80::1%eth0", "any"}},
		"mount":       {[]string{"/*", "/app|/*", "!/app/private/*"}, []string{"", "app", "/a|b", "/a|/b|/c", "/a b", "/" + strings.Repeat("a", 1024)}},
		"path":        {[]string{"/", "/health?x=1"}, []string{"", "health", "/a b", "/\x7f"}},
		"redirect":    {[]string{"", "/busy", "https://status.example.com/"}, []string{"//evil.example", "/\\evil", "ftp://a", "https://u@a/", "a"}},
		"standIn":     {[]string{"", "http://192.0.2.9", "http://sorry:80"}, []string{"ajp://a", "https://a", "192.0.2.9", "http://a/path", "http://0.0.0.0:80"}},
		"parameter":   {[]string{"", "jsessionid"}, []string{"a b", "a=b", strings.Repeat("a", 129)}},
		"instance":    {[]string{"", "IDb1d9", strings.Repeat("I", 34)}, []string{"a-b", "a/b", strings.Repeat("I", 35)}},
		"secret":      {[]string{"s3cret", "a b", "x"}, []string{"", " a", "a\n", "caf\u00e9", strings.Repeat("a", 256)}},
		"method":      {[]string{"GET", "VERSION-CONTROL"}, []string{"", "get", "G T", strings.Repeat("A", 33)}},
		"sessionPath": {[]string{";jsessionid", ";s.id"}, []string{"", "jsessionid", ";", ";a=", ";;a", ";" + strings.Repeat("a", 61)}},
		"cookiePath":  {[]string{"/", "/app"}, []string{"", "app", "/a;HttpOnly", "/a,b", "/a\r\nSet-Cookie:"}},
		"rating":      {[]string{"a", "a.o", "d.i", "s", "e"}, []string{"", "x", "a.", ".o", "a.x", "o.a", "a.o.b"}},
		"text":        {[]string{"", `xmlns:jk="x y"`}, []string{"a\n", "caf\u00e9", "\x1b[2J", strings.Repeat("a", 257)}},
		"token":       {[]string{"JSESSIONID", "x-a"}, []string{"", "a b", "a;b", strings.Repeat("a", 129)}},
	} {
		for _, s := range c.good {
			if _, err := Check(name, s); err != nil {
				t.Errorf("%s %q: %v", name, s, err)
			}
		}
		for _, s := range c.bad {
			if hint, err := Check(name, s); err == nil || hint == "" {
				t.Errorf("%s %q passes, or nobody is told what it should be: %q, %v", name, s, hint, err)
			}
		}
	}
	for name := range forms {
		if !Known(name) {
			t.Errorf("%s checks nothing", name)
		}
	}
	if _, err := Check("", "anything"); err != nil || Known("") {
		t.Error("a text without a form was checked")
	}
}

// A name that nobody has is answered with what was meant, or with those that there are.
func TestMeant(t *testing.T) {
	for in, want := range map[string]string{"defualt": `did you mean "default"?`, "x": "there is default, west"} {
		if got := Meant(in, []string{"default", "west"}); got != want {
			t.Errorf("%s: %s", in, got)
		}
	}
	if got := Meant("x", strings.Fields("aaaa bbbb cccc dddd eeee ffff gggg hhhh iiii")); got != "there are aaaa, bbbb, cccc, dddd, eeee, ffff, gggg, hhhh and others" {
		t.Error(got)
	}
	if got := Meant("x", nil); got != "" {
		t.Error(got)
	}
}

// What is shown in a message is short, and one line.
func TestQuote(t *testing.T) {
	if got := Quote("a\nb\x1b" + strings.Repeat("\u00e4", 100)); len(got) > 120 || strings.ContainsAny(got, "\n\x1b") {
		t.Errorf("%s", got)
	}
}
