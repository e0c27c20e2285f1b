package gateway_test

import (
	"cmp"
	"regexp"
	"strings"
	"testing"

	"twinhop/gateway"
	"twinhop/gateway/balance"
)

// placement reads "http=ALGORITHM sip=ALGORITHM pins=PATTERN:NODE,… failover=group failback". Where both are the same Homer it is one object.
func placement(t *testing.T, set map[string]string, held func(string) int) gateway.Placement {
	p := gateway.Placement{HTTP: algorithm(t, set, cmp.Or(set["http"], "requests")), SIP: algorithm(t, set, cmp.Or(set["sip"], "round-robin"))}
	if _, ok := p.HTTP.(balance.Homer); ok && set["http"] == set["sip"] {
		p.SIP = p.HTTP
	}
	for _, pin := range strings.Split(set["pins"], ",") {
		if pattern, node, ok := strings.Cut(pin, ":"); ok {
			p.Pins = append(p.Pins, balance.Pin{Match: regexp.MustCompile(pattern), Node: node})
		}
	}
	if set["failover"] == "group" {
		p.Heirs = &balance.Heirs{Held: held}
	}
	return p
}

func algorithm(t *testing.T, set map[string]string, name string) balance.Algorithm {
	a, ok := balance.New(name)
	if !ok {
		t.Fatalf("settings: no algorithm %q", name)
	}
	if c, ok := a.(balance.Configurable); ok {
		_, back := set["failback"]
		if err := c.Configure(balance.Params{Failback: back}); err != nil {
			t.Fatal(err)
		}
	}
	return a
}
