package lbprops

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twinhop/gateway/config"
	"twinhop/gateway/config/decode"
)

const twoPorts = "host=10.0.0.254\nexternalPort=5060\ninternalPort=5065\nhttpPort=2080\nnodeTimeout=5100\n"

// A configuration beside the old file says more, and counts where both say something; lists are replaced.
func TestBeside(t *testing.T) {
	c, r, problems := Load(input("lb.properties", []byte(twoPorts)), &Source{"more.yaml", []byte(`version: 1
listen:
  http: [{addr: ":80"}]
heartbeat: {allow: [10.0.0.0/8]}
limits: {sip: {rate: 50}}
state: {dir: s}
sip: {failover: {attempts: 2}}
`)}, testWords)
	if len(problems) > 0 {
		t.Fatalf("%+v\n%+v", problems, r.Findings)
	}
	for what, is := range map[string]bool{
		"listeners of HTTP are replaced":    len(c.Listen.HTTP) == 1 && c.Listen.HTTP[0].Addr == ":80",
		"those of SIP stay":                 len(c.Listen.SIP.External) == 2 && len(c.Listen.SIP.Internal) == 2,
		"a list is replaced":                len(c.Heartbeat.Allow) == 1 && c.Heartbeat.Allow[0] == "10.0.0.0/8",
		"what stands beside the list stays": c.Heartbeat.RMI.Listen == "10.0.0.254:2000",
		"a value is replaced":               c.Limits.SIP.Rate == 50,
		"a section is added":                c.State.Dir == "s",
		"a mapping within one is added":     c.SIP.Failover.Attempts == 2 && c.SIP.Hint == "legacy" && c.SIP.SendTrying == "always",
	} {
		if !is {
			t.Errorf("not so: %s", what)
		}
	}
}

// What is wrong beside it stands there; what clashes with the old file names its place; what cannot be said twice is told.
func TestBesideComplains(t *testing.T) {
	_, _, problems := Load(input("lb.properties", []byte(twoPorts)), &Source{"more.yaml", []byte(`sip: {balnce: hash}
pools: {default: {balance: hash}}
admin: {listen: "127.0.0.1:2080"}
state: {dir: a}
state: {dir: b}
heartbeat: {timeout: 1ms}
`)}, testWords)
	var got []string
	for _, p := range problems {
		got = append(got, fmt.Sprintf("%s:%d %s: %s", p.File, p.Line, p.Path, p.Message))
	}
	want := []string{
		"more.yaml:1 sip.balnce: unknown key",
		"more.yaml:2 pools: set twice, also by lb.properties",
		"more.yaml:3 admin.listen: port 2080 is already taken by listen.http[0].addr (lb.properties:4)",
		"more.yaml:5 state: set twice, first on line 4",
		"more.yaml:6 heartbeat.timeout: 1ms is too short",
	}
	if len(got) != len(want) {
		t.Fatal(cmp.Diff(want, got))
	}
	for i := range want {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("%s, want %s", got[i], want[i])
		}
	}
}

// Without a file behind, nothing may be said twice.
func TestNothingTwice(t *testing.T) {
	_, problems := config.Parse("f", []byte("state: {dir: a}\nstate: {dir: b}\n"), testWords)
	if !slices.ContainsFunc(problems, func(p decode.Problem) bool { return p.Message == "set twice, first on line 1" }) {
		t.Errorf("%+v", problems)
	}
}
