package locate

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestWeights: the first choice follows the weights, and the second one those of what is left (RFC 2782), over 10,000 transactions.
func TestWeights(t *testing.T) {
	for _, weights := range [][]int{{1, 1}, {1, 3}, {10, 20, 70}, {0, 0, 0, 0}, {65535, 65535, 1}, {0, 1}} {
		var lines strings.Builder
		sum := 0
		for i, w := range weights {
			fmt.Fprintf(&lines, "_sip._udp.x.example SRV 5 %d 5060 h%d.example\nh%d.example HOST 10.0.0.%d\n", w, i, i, i)
			sum += w
		}
		l := &Locator{Resolver: newScript(t, lines.String())}
		const n = 10000
		first, second := make([]int, len(weights)), make([]int, len(weights))
		for seed := range uint64(n) {
			got, _ := l.locate(t, "sip:x.example;transport=udp", seed)
			if len(got) != len(weights) {
				t.Fatalf("%v: %s", weights, text(got))
			}
			first[got[0].Addr.Addr().As4()[3]]++
			second[got[1].Addr.Addr().As4()[3]]++
		}
		shares := func(without int) []float64 {
			p, all := make([]float64, len(weights)), 0.0
			for i, w := range weights {
				if i != without {
					p[i] = chance(uint16(w))
					all += p[i]
				}
			}
			for i := range p {
				p[i] /= all
			}
			return p
		}
		then := make([]float64, len(weights))
		for i, p := range shares(-1) {
			for j, q := range shares(i) {
				then[j] += p * q
			}
		}
		for i, p := range shares(-1) {
			for _, c := range []struct {
				what string
				p    float64
				got  int
			}{{"first", p, first[i]}, {"second", then[i], second[i]}} {
				if weights[i] == 0 && sum > 0 && c.what == "first" && c.got > n/100 {
					t.Errorf("weights %v: %d was first %d times, which is not seldom", weights, i, c.got)
				}
				if off := math.Abs(float64(c.got) - n*c.p); off > 4*math.Sqrt(n*c.p*(1-c.p))+1 {
					t.Errorf("weights %v: %d was %s %d times, want about %.0f", weights, i, c.what, c.got, n*c.p)
				}
			}
		}
	}
}

// TestSameEverywhere: the order that records and addresses come in does not matter, nor which gateway asks.
func TestSameEverywhere(t *testing.T) {
	const lines = `_sip._udp.x.example SRV 1 5 5060 a.example
_sip._udp.x.example SRV 1 5 5060 b.example
_sip._udp.x.example SRV 1 9 5060 c.example
_sip._udp.x.example SRV 2 0 5060 d.example
a.example HOST 10.0.0.1 10.0.0.2 10.0.0.3
b.example HOST 10.0.1.1
c.example HOST 10.0.2.1 2001:db8::1 2001:db8::2
d.example HOST 10.0.3.1
`
	backwards := strings.Split(strings.TrimSpace(lines), "\n")
	slices.Reverse(backwards)
	one := &Locator{Resolver: newScript(t, lines)}
	two := &Locator{Resolver: newScript(t, strings.ReplaceAll(strings.Join(backwards, "\n"), "10.0.0.1 10.0.0.2 10.0.0.3", "10.0.0.3 10.0.0.1 10.0.0.2"))}
	differ := make(map[string]bool)
	for seed := range uint64(500) {
		a, _ := one.locate(t, "sip:x.example;transport=udp", seed)
		b, _ := two.locate(t, "sip:X.EXAMPLE;transport=UDP", seed)
		if text(a) != text(b) || len(a) != maxTargets {
			t.Fatalf("seed %d: %s and %s", seed, text(a), text(b))
		}
		differ[a[0].Addr.String()] = true
	}
	if len(differ) != 5 {
		t.Errorf("first choices: %v, want those of priority 1 but not their second family", differ)
	}
	// One value written down: it may not change between versions, as gateways of two versions can run side by side.
	if got, _ := one.locate(t, "sip:x.example;transport=udp", 42); text(got[:3]) != "udp:10.0.2.1:5060 udp:[2001:db8::2]:5060 udp:[2001:db8::1]:5060" {
		t.Errorf("seed 42: %s", text(got[:3]))
	}
}

// TestLittleMoves: when a server goes, only its transactions go elsewhere.
func TestLittleMoves(t *testing.T) {
	lines := ""
	for i := range 5 {
		lines += fmt.Sprintf("_sip._udp.x.example SRV 0 %d 5060 h%d.example\nh%d.example HOST 10.0.0.%d\n", i+1, i, i, i)
	}
	full := &Locator{Resolver: newScript(t, lines)}
	less := &Locator{Resolver: newScript(t, strings.Replace(lines, "_sip._udp.x.example SRV 0 3 5060 h2.example\n", "", 1))}
	for seed := range uint64(2000) {
		a, _ := full.locate(t, "sip:x.example;transport=udp", seed)
		b, _ := less.locate(t, "sip:x.example;transport=udp", seed)
		if want := slices.DeleteFunc(a, func(x Target) bool { return x.Addr.Addr().As4()[3] == 2 }); text(want) != text(b) {
			t.Fatalf("seed %d: %s and %s", seed, text(want), text(b))
		}
	}
}

func TestFindAppends(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &Locator{Resolver: newScript(t, zone), Can: UDP | TCP}
		before := []Target{{UDP, hostPort("192.0.2.1:5060")}}
		l.locate(t, "sip:example.com", 1)
		got, _ := l.Find(before, query("sip:example.com"), 1, time.Now())
		if len(got) != 4 || got[0] != before[0] {
			t.Errorf("%s", text(got))
		}
	})
}
