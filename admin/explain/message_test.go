package explain

import (
	"slices"
	"strings"
	"testing"
)

func TestPastedHTTP(t *testing.T) {
	for name, c := range map[string]struct {
		in   httpBody
		want string
	}{
		"a URL":               {httpBody{Raw: "http://shop.example:8080/a;x=1?q=%41#f"}, "GET /a;x=1?q=%41 HTTP/1.1\nHost: shop.example:8080\n\n"},
		"a URL and headers":   {httpBody{Raw: "http://h/\nCookie: a=b\n\n"}, "GET / HTTP/1.1\nHost: h\nCookie: a=b\n\n"},
		"a path":              {httpBody{URL: "/x?y", Method: "PUT", Headers: [][2]string{{"host", "other"}, {"A", "b"}}}, "PUT /x?y HTTP/1.1\nHost: other\nA: b\n\n"},
		"no path":             {httpBody{URL: "https://h?x"}, "GET /?x HTTP/1.1\nHost: h\n\n"},
		"a host":              {httpBody{URL: "shop.example/x"}, "GET /x HTTP/1.1\nHost: shop.example\n\n"},
		"a request":           {httpBody{Raw: "\nGET /x HTTP/1.1\nHost: h\n\n"}, "GET /x HTTP/1.1\nHost: h\n\n"},
		"without its end":     {httpBody{Raw: "GET /x HTTP/1.1\r\nHost: h"}, "GET /x HTTP/1.1\nHost: h\n\n"},
		"a body cut":          {httpBody{Raw: "POST /x HTTP/1.1\nContent-Length: 4\n\nab"}, "POST /x HTTP/1.1\nContent-Length: 4\n\nab  "},
		"curl":                {httpBody{Raw: "curl -sS -b 'JSESSIONID=a.b; c=d' \\\n -H \"X: \\\"y\" -o out --max-time 3 'http://h/p?q'"}, "GET /p?q HTTP/1.1\nHost: h\nCookie: JSESSIONID=a.b; c=d\nX: \"y\n\n"},
		"curl with data":      {httpBody{Raw: "curl --data a=1 --data-raw b=2 http://h/"}, "POST / HTTP/1.1\nHost: h\nContent-Length: 7\n\na=1&b=2"},
		"curl -G":             {httpBody{Raw: "curl -G -d a=1 http://h/?x"}, "GET /?x&a=1 HTTP/1.1\nHost: h\n\n"},
		"curl -XDELETE -HA:b": {httpBody{Raw: "curl -XDELETE -HA:b --url=http://h/"}, "DELETE / HTTP/1.1\nHost: h\nA: b\n\n"},
		"curl of somebody":    {httpBody{Raw: "curl -u a:b http://h/ -I"}, "HEAD / HTTP/1.1\nHost: h\nAuthorization: Basic YTpi\n\n"},
		"curl with a jar":     {httpBody{Raw: "curl -b jar http://h/"}, "GET / HTTP/1.1\nHost: h\n\n"},
		"dots stay":           {httpBody{URL: "http://h/a/../b/%2e%2e"}, "GET /a/../b/%2e%2e HTTP/1.1\nHost: h\n\n"},
	} {
		m, err := c.in.message()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if got := strings.ReplaceAll(string(m.Raw), "\r\n", "\n"); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	for name, in := range map[string]httpBody{
		"nothing": {}, "both": {Raw: "http://h/", URL: "http://h/"}, "curl alone": {Raw: "curl -v"}, "a split": {URL: "/", Headers: [][2]string{{"A", "b\r\nHost: c"}}},
		"a blank": {URL: "http://h/a b"}, "an address": {URL: "/", From: "here"}, "no URL": {URL: "http://[::"}, "a method": {URL: "/", Method: "GET / HTTP/1.1\r\nX:"},
	} {
		if m, err := in.message(); err == nil {
			t.Errorf("%s: taken as %q", name, m.Raw)
		}
	}
}

func TestPastedSIP(t *testing.T) {
	in := sipBody{Raw: "\nOPTIONS sip:a SIP/2.0\nVia: SIP/2.0/TCP h\nl: 3\n\na", From: "[::ffff:192.0.2.1]:5060", Side: "node"}
	m, err := in.message()
	if err != nil || string(m.Raw) != "OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/TCP h\r\nl: 3\r\n\r\na  " || m.Transport != "tcp" || !m.Inside || m.From.String() != "192.0.2.1:5060" {
		t.Errorf("%q %+v %v", m.Raw, m, err)
	}
	for _, in := range []sipBody{{}, {Raw: "x", Transport: "sctp"}, {Raw: "x", Side: "left"}, {Raw: "x", From: "192.0.2.1"}} {
		if _, err := in.message(); err == nil {
			t.Errorf("%+v: taken", in)
		}
	}
}

func FuzzPasted(f *testing.F) {
	for _, s := range []string{"curl 'http://h/\\", "GET / HTTP/1.1\nContent-Length: 9999999\n\n", "http://h/\n:", "curl -H", "curl --url=", "curl -XA -d@x h"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		h, s2 := httpBody{Raw: s}, sipBody{Raw: s}
		if m, err := h.message(); err == nil && len(m.Raw) > 3*len(s)+70<<10 {
			t.Errorf("%d bytes of %d", len(m.Raw), len(s))
		}
		if m, err := s2.message(); err == nil && !slices.Contains(transports, m.Transport) {
			t.Error(m.Transport)
		}
	})
}
