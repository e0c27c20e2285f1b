package sipwords

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"twinhop/gateway"
	"twinhop/gateway/config"
	"twinhop/sip/self"
)

func TestEveryWordIsASource(t *testing.T) {
	for _, word := range Sources() {
		s, header := source(word + map[bool]string{true: "X-Name"}[strings.HasSuffix(word, ":")])
		if s == gateway.NoSource || (s == gateway.SourceHeader) != (header == "X-Name") {
			t.Errorf("%q is %v, header %q", word, s, header)
		}
	}
	if s, _ := source("cookie"); s != gateway.NoSource {
		t.Errorf("cookie is %v", s)
	}
}

func TestSettings(t *testing.T) {
	c := config.Default()
	if s := Settings(&c, nil); s.OldHint || s.InitialRemote || s.Outward != "" || s.Transport != "" || len(s.Extra) != 0 {
		t.Errorf("by default: %+v", s)
	}
	c.SIP.Hint, c.SIP.InitialRemote, c.SIP.ExternalTransport, c.SIP.InternalTransport = "legacy", true, "tcp", "udp"
	if s := Settings(&c, nil); !s.OldHint || !s.InitialRemote || s.Outward != "tcp" || s.Transport != "udp" {
		t.Errorf("%+v", s)
	}
}

func TestPeersBesideTheNodes(t *testing.T) {
	lookup := func(_ context.Context, network, host string) ([]netip.Addr, error) {
		if host != "media.example.com" {
			return nil, errors.New("no such host")
		}
		return []netip.Addr{netip.MustParseAddr("::ffff:10.0.0.8"), netip.MustParseAddr("2001:db8::8")}, nil
	}
	got, err := Extra(t.Context(), lookup, []string{"10.0.0.7", "10.0.0.7:5090", "[2001:db8::7]:5090", "2001:db8::9", "media.example.com", "media.example.com:5091"})
	want := []netip.AddrPort{}
	for _, s := range []string{"10.0.0.7:0", "10.0.0.7:5090", "[2001:db8::7]:5090", "[2001:db8::9]:0", "10.0.0.8:0", "[2001:db8::8]:0", "10.0.0.8:5091", "[2001:db8::8]:5091"} {
		want = append(want, netip.MustParseAddrPort(s))
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v\nwant %v", got, err, want)
	}
	if _, err := Extra(t.Context(), lookup, []string{"nowhere.example.com:5060"}); err == nil || !strings.Contains(err.Error(), "nowhere.example.com") {
		t.Errorf("a name without an address: %v", err)
	}
}

func TestAliases(t *testing.T) {
	got := Aliases([]string{"sip.example.com", "*.example.com:5070", "203.0.113.9", "[2001:db8::9]:5060"})
	want := []self.Alias{{Host: "sip.example.com"}, {Host: "*.example.com", Port: 5070}, {Host: "203.0.113.9"}, {Host: "2001:db8::9", Port: 5060}}
	if !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
}
