package guard

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// offer has each class send so many transactions a second for ten seconds, evenly, and answers what was let in of each in the last second.
func offer(g *Gate, asked [Classes]int) (in [Classes]int) {
	const tick = time.Millisecond
	var owed [Classes]int
	for d := time.Duration(0); d < 10*time.Second; d += tick {
		for c := range Classes {
			for owed[c] += asked[c]; owed[c] >= 1000; owed[c] -= 1000 {
				if g.Admit(after(d), Class(c)) && d >= 9*time.Second {
					in[c]++
				}
			}
		}
	}
	return in
}

func TestGateShedsInOrder(t *testing.T) {
	for _, c := range []struct {
		asked, want [Classes]int // probe, message, register, invite, never
	}{
		{[5]int{1000, 1000, 1000, 1000, 9000}, [5]int{1000, 1000, 1000, 1000, 9000}},
		{[5]int{2000, 1000, 2000, 1000, 0}, [5]int{1000, 1000, 2000, 1000, 0}},
		{[5]int{2000, 2000, 3000, 1000, 0}, [5]int{0, 1000, 3000, 1000, 0}},
		{[5]int{2000, 2000, 3000, 4000, 1000}, [5]int{0, 0, 1000, 4000, 1000}},
		{[5]int{2000, 2000, 3000, 6000, 9000}, [5]int{0, 0, 0, 5000, 9000}},
	} {
		var g Gate
		got := offer(&g, c.asked)
		for i, n := range got {
			if n < c.want[i]-10 || n > c.want[i]+10 {
				t.Errorf("asked for %v: let in %v, want %v", c.asked, got, c.want)
				break
			}
		}
	}
}

func TestGateSettings(t *testing.T) {
	fill := func(g *Gate, c Class) (n int) {
		for n < 100_000 && g.Admit(start, c) {
			n++
		}
		return n
	}
	for _, c := range []struct {
		class Class
		want  int
	}{{Probe, 2500}, {Message, 3333}, {Register, 4166}, {Invite, 5000}, {Never, 100_000}, {Never + 7, 100_000}} {
		var g Gate
		if n := fill(&g, c.class); n != c.want {
			t.Errorf("%v: %d at once, want %d", c.class, n, c.want)
		}
	}
	var g Gate
	for _, c := range []struct{ rate, want int }{{10, 10}, {0, 100_000}, {-1, 100_000}, {1, 1}} {
		g = Gate{}
		g.Apply(c.rate)
		if n := fill(&g, Invite); n != c.want {
			t.Errorf("rate %d: %d at once, want %d", c.rate, n, c.want)
		}
	}
	g.Apply(5000)
	if !g.Admit(start.Add(time.Second), Invite) {
		t.Error("a new rate must be in force at once")
	}
}

func TestGateRace(t *testing.T) {
	var g Gate
	var wg sync.WaitGroup
	in := make([]int, 4)
	for i := range in {
		wg.Go(func() {
			for range 10_000 {
				if g.Admit(start, Invite) {
					in[i]++
				}
			}
		})
	}
	wg.Wait()
	if n := in[0] + in[1] + in[2] + in[3]; n != DefaultTransactions {
		t.Errorf("%d let in, want %d", n, DefaultTransactions)
	}
}

func TestRefusals(t *testing.T) {
	count := func(r *Refusals, n int, from time.Duration, who func(int) netip.Addr) (sent int) {
		for i := range n {
			if r.Take(after(from), who(i)) {
				sent++
			}
		}
		return sent
	}
	same := func(int) netip.Addr { return one }
	var r Refusals
	for _, c := range []struct {
		what string
		n    int
		from time.Duration
		who  func(int) netip.Addr
		want int
	}{
		{"one source at once", 1000, 0, same, 40},
		{"a second later", 1000, time.Second, same, 20},
		{"ever new sources: half of the total", 10_000, time.Minute, invented, 1000},
		{"the other half is for a known one", 1000, time.Minute, same, 40},
		{"and so on", 10_000, 2 * time.Minute, func(i int) netip.Addr { return invented(10_000 + i) }, 1000},
	} {
		if got := count(&r, c.n, c.from, c.who); got != c.want {
			t.Errorf("%s: %d answers, want %d", c.what, got, c.want)
		}
	}
	for _, c := range []struct {
		what string
		set  RefusalSettings
		want [2]int // one source; ever new ones
	}{
		{"off", RefusalSettings{}, [2]int{5000, 5000}},
		{"no total", RefusalSettings{Rate: 10, Burst: 20, Max: 100_000}, [2]int{20, 5000}},
		{"no rate", RefusalSettings{Total: 100, Max: 100_000}, [2]int{100, 0}},
		{"no room", RefusalSettings{Rate: 10, Total: 100}, [2]int{100, 0}},
		{"exempt", RefusalSettings{Rate: 10, Total: 100, Max: 8, Exempt: []netip.Prefix{netip.PrefixFrom(one, 32)}}, [2]int{5000, 50}},
	} {
		var r Refusals
		r.Apply(c.set)
		got := [2]int{count(&r, 5000, 0, same), count(&r, 5000, 0, func(i int) netip.Addr { return invented(i) })}
		if got != c.want {
			t.Errorf("%s: %v, want %v", c.what, got, c.want)
		}
	}
	for range 50 {
		r.Take(after(time.Hour), one)
	}
	r.Apply(DefaultRefusals())
	if r.Take(after(time.Hour), one) {
		t.Error("new settings filled the buckets")
	}
}

func TestScanners(t *testing.T) {
	for _, c := range []struct{ agent, want string }{
		{"friendly-scanner", "friendly-scanner"},
		{"Mozilla FRIENDLY-scanner/1", "friendly-scanner"},
		{"x sIpViCiOuS", "sipvicious"},
		{"vaxsipuseragent/3.1", "VaxSIPUserAgent"},
		{"sipcli/v1.8", "sipcli"},
		{"sipcl", ""},
		{"sipp", ""},
		{"", ""},
		{"Linphone/3.12.0 (belle-sip/1.6.3)", ""},
		{strings.Repeat("-", maxAgent-len("pplsip")) + "pplsip", "pplsip"},
		{strings.Repeat("-", maxAgent) + "pplsip", ""},
		{"ssundayddr", "sundayddr"},
	} {
		var s Scanners
		if got, found := s.Match([]byte(c.agent)); got != c.want || found != (c.want != "") {
			t.Errorf("%q is %q, want %q", c.agent, got, c.want)
		}
	}
}

func TestScannerWords(t *testing.T) {
	var s Scanners
	for range 3 {
		s.Match([]byte("sipcli"))
	}
	s.Match([]byte("sip-scan"))
	s.Apply([]string{"  Z ", "SipCli", "", "sipcli", "new"})
	s.Match([]byte("ends with z"))
	s.Match([]byte("sip-scan"))
	if got, want := s.Hits(), []Hit{{"Z", 1}, {"SipCli", 3}, {"new", 0}}; !slices.Equal(got, want) {
		t.Errorf("hits %v, want %v", got, want)
	}
	s.Apply(nil)
	if _, found := s.Match([]byte("sipcli")); found || len(s.Hits()) != 0 {
		t.Error("no words, and yet a scanner")
	}
	words := make([]string, 200) // more than a machine word has bits
	for i := range words {
		words[i] = fmt.Sprintf("w%03d", i)
	}
	s.Apply(words)
	for i, w := range words {
		if got, _ := s.Match([]byte("a w " + strings.ToUpper(w))); got != w {
			t.Fatalf("word %d: found %q, want %q", i, got, w)
		}
	}
}

func TestScannersAgreeWithTheTwin(t *testing.T) {
	text := rapid.StringOfN(rapid.SampledFrom([]rune("abAB-é")), 0, 40, -1)
	rapid.Check(t, func(t *rapid.T) {
		words, agent := rapid.SliceOfN(text, 0, 5).Draw(t, "words"), text.Draw(t, "agent")
		var s Scanners
		s.Apply(words)
		want := slices.ContainsFunc(words, func(w string) bool {
			return w != "" && strings.Contains(lowerASCII(agent), lowerASCII(w))
		})
		if got, found := s.Match([]byte(agent)); found != want {
			t.Fatalf("%q in %q: %q, %v", words, agent, got, found)
		}
	})
}

func TestPrefixesAgreeWithTheTwin(t *testing.T) {
	addr := rapid.Custom(func(t *rapid.T) netip.Addr {
		b := rapid.SliceOfN(rapid.SampledFrom([]byte{0, 1, 2, 127, 128, 255}), 4, 4).Draw(t, "bytes")
		switch rapid.IntRange(0, 2).Draw(t, "kind") {
		case 0:
			return netip.AddrFrom4([4]byte(b))
		case 1:
			return netip.AddrFrom16([16]byte{10: 255, 11: 255, 12: b[0], 13: b[1], 14: b[2], 15: b[3]})
		}
		return netip.AddrFrom16([16]byte{0: 32, 1: b[0], 7: b[1], 8: b[2], 15: b[3]})
	})
	rapid.Check(t, func(t *rapid.T) {
		var list []netip.Prefix
		for range rapid.IntRange(0, 20).Draw(t, "prefixes") {
			a := addr.Draw(t, "net").Unmap()
			list = append(list, netip.PrefixFrom(a, rapid.IntRange(0, a.BitLen()).Draw(t, "bits")))
		}
		list = append(list, netip.Prefix{})
		p := NewPrefixes(list)
		for range 20 {
			ip := addr.Draw(t, "ip")
			want := slices.ContainsFunc(list, func(n netip.Prefix) bool { return n.Contains(ip.Unmap()) })
			if got := p.Contains(ip); got != want {
				t.Fatalf("%v in %v: %v", ip, list, got)
			}
		}
	})
	p := NewPrefixes([]netip.Prefix{netip.MustParsePrefix("::ffff:192.0.2.0/120"), netip.MustParsePrefix("fe80::/10")})
	if !p.Contains(one) || !p.Contains(netip.MustParseAddr("fe80::1%eth0")) || p.Contains(netip.Addr{}) {
		t.Error("mapped networks, zones and no address at all")
	}
}

func TestWords(t *testing.T) {
	seen := map[string]bool{}
	for v := range verdictCount + 1 {
		seen[v.String()] = true
	}
	for c := range classCount + 1 {
		seen[c.String()] = true
	}
	if len(seen) != int(verdictCount)+Classes+1 || seen[""] {
		t.Errorf("words %v", seen)
	}
}

func BenchmarkGate(b *testing.B) {
	var g Gate
	now := time.Now()
	for b.Loop() {
		g.Admit(now, Invite)
	}
}

func BenchmarkScanners(b *testing.B) {
	var s Scanners
	agent := []byte("Linphone/3.12.0 (belle-sip/1.6.3)")
	for b.Loop() {
		s.Match(agent)
	}
}

func BenchmarkPrefixes(b *testing.B) {
	for _, n := range []int{2, 8, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var list []netip.Prefix
			for i := range n {
				list = append(list, netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i), 0}), 24))
			}
			p := NewPrefixes(list)
			for b.Loop() {
				p.Contains(one)
			}
		})
	}
}
