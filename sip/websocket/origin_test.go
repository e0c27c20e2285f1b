package websocket

import (
	"strings"
	"testing"
)

func TestOrigins(t *testing.T) {
	var u Upgrader
	if err := u.Allow([]string{"https://shop.example", "http://Partner.example:8080", "app://phone", "https://[2001:DB8::1]:443"}); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		origin, host string
		plain, tls   bool // allowed
	}{
		{"https://shop.example", "sip.example", true, true},
		{"https://shop.example:443", "sip.example", true, true},
		{"HTTPS://SHOP.EXAMPLE", "sip.example", true, true},
		{"https://shop.example:8443", "sip.example", false, false},
		{"http://shop.example", "sip.example", false, false},
		{"http://partner.example:8080", "sip.example", true, true},
		{"http://partner.example", "sip.example", false, false},
		{"app://phone", "sip.example", true, true},
		{"app://sip.example", "sip.example", false, false},
		{"https://[2001:db8::1]", "sip.example", true, true},

		{"https://sip.example", "sip.example", true, true},
		{"https://sip.example:8443", "SIP.example:5443", true, true},
		{"http://sip.example", "sip.example:80", true, false},
		{"http://127.0.0.1:8080", "127.0.0.1:5443", true, true},
		{"http://localhost:8080", "localhost", true, true},
		{"http://[::1]:8080", "[0:0::1]:5443", true, true},
		{"http://[::1]", "[::1]", true, true},
		{"http://10.0.0.1", "10.0.0.1", true, false},
		{"http://localhost.sip.example", "localhost.sip.example", true, false},
		{"http://127.0.0.1.sip.example", "127.0.0.1.sip.example", true, false},

		{"", "sip.example", false, false},
		{"null", "null", false, false},
		{"sip.example", "sip.example", false, false},
		{"//sip.example", "sip.example", false, false},
		{"http:sip.example", "sip.example", false, false},
		{"https://", "sip.example", false, false},
		{"https://:443", ":443", false, false},
		{"https://sip.example/", "sip.example", false, false},
		{"https://sip.example/x", "sip.example", false, false},
		{"https://sip.example?", "sip.example", false, false},
		{"https://sip.example#", "sip.example", false, false},
		{"https://a@sip.example", "sip.example", false, false},
		{"https://evil.example@sip.example", "sip.example", false, false},
		{"https://sip.example@evil.example", "sip.example", false, false},
		{"https://sip.example.evil.example", "sip.example", false, false},
		{"https://sip.example\\.evil.example", "sip.example", false, false},
		{"https://sip.example\x00.evil.example", "sip.example", false, false},
		{"https://sip.example,https://evil.example", "sip.example", false, false},
		{"https://sip.example:80x", "sip.example", false, false},
		{"https://" + strings.Repeat("a", 10000), "sip.example", false, false},
	} {
		if got := u.origins.Load().allow(tt.origin, tt.host, false); got != tt.plain {
			t.Errorf("%q for %q: %v", tt.origin, tt.host, got)
		}
		if got := u.origins.Load().allow(tt.origin, tt.host, true); got != tt.tls {
			t.Errorf("%q for %q by TLS: %v", tt.origin, tt.host, got)
		}
	}
}

func TestOriginsReplaceOneAnother(t *testing.T) {
	var u Upgrader
	allowed := func() bool { return u.origins.Load().allow("null", "sip.example", true) }
	if allowed() {
		t.Error("allowed by none")
	}
	if err := u.Allow([]string{"*"}); err != nil || !allowed() {
		t.Errorf("not allowed by *: %v", err)
	}
	for _, bad := range []string{"shop.example", "https://shop.example/", "https://*.example/x", "null", "", "https://a b"} {
		if err := u.Allow([]string{bad}); err == nil || !strings.Contains(err.Error(), "scheme://host") {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if !allowed() {
		t.Error("a list with an error replaced the one before")
	}
	if err := u.Allow(nil); err != nil || allowed() {
		t.Errorf("allowed after *: %v", err)
	}
}
