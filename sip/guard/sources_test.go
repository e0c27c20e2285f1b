package guard

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var (
	start = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	one   = netip.MustParseAddr("192.0.2.1")
	two   = netip.MustParseAddr("192.0.2.2")
)

func after(d time.Duration) time.Time { return start.Add(d) }

// send has ip send n messages, gap apart, from a moment on, and counts the verdicts.
func send(s *Sources, from time.Duration, gap time.Duration, n int) (got [verdictCount]int, end time.Duration) {
	for range n {
		got[s.Take(after(from), one)]++
		from += gap
	}
	return got, from
}

func TestSourcesDefaults(t *testing.T) {
	for _, c := range []struct {
		what string
		gap  time.Duration
		n    int
		want [verdictCount]int // pass, over, caught, banned
	}{
		{"200 at once", 0, 200, [verdictCount]int{200}},
		{"201 at once", 0, 201, [verdictCount]int{200, 1}},
		{"its rate for a minute", 10 * time.Millisecond, 6000, [verdictCount]int{6000}},
		{"a hundredth below its rate, after the burst is gone", 10*time.Millisecond + 100*time.Microsecond, 6000, [verdictCount]int{6000}},
		// 125/s: 200 in hand and 25 a second spent of it, so the first drop comes with message 1,000, at 8 s.
		{"a quarter more for 8 s", 8 * time.Millisecond, 996, [verdictCount]int{996}},
		{"a quarter more for 11 s", 8 * time.Millisecond, 1370, [verdictCount]int{1295, 75}},
		{"a quarter more for 20 s", 8 * time.Millisecond, 2500, [verdictCount]int{1300, 76, 1, 1123}},
		{"ten times as much for 3.2 s", time.Millisecond, 3200, [verdictCount]int{519, 2681}},
		{"ten times as much for 60 s", time.Millisecond, 60_000, [verdictCount]int{522, 2701, 1, 56776}},
	} {
		var s Sources
		if got, _ := send(&s, 0, c.gap, c.n); got != c.want {
			t.Errorf("%s: %v, want %v", c.what, got, c.want)
		}
	}
}

func TestSourcesAreApart(t *testing.T) {
	for _, c := range []struct {
		a, b   string
		shared bool
	}{
		{"192.0.2.1", "192.0.2.2", false},
		{"192.0.2.1", "::ffff:192.0.2.1", true},
		{"2001:db8:0:1::1", "2001:db8:0:1:ffff::2", true},
		{"2001:db8:0:1::1", "2001:db8:0:2::1", false},
		{"192.0.2.1", "::192.0.2.1", false},
		{"fe80::1%eth0", "fe80::2%eth1", true},
	} {
		var s Sources
		s.Apply(SourceSettings{Rate: 1, Burst: 1, Max: 1000})
		s.Take(start, netip.MustParseAddr(c.a))
		if shared := s.Take(start, netip.MustParseAddr(c.b)) != Pass; shared != c.shared {
			t.Errorf("%s and %s: one bucket is %v", c.a, c.b, shared)
		}
	}
}

func TestSourcesSettings(t *testing.T) {
	never := func(SourceSettings) SourceSettings { return SourceSettings{} }
	for _, c := range []struct {
		what   string
		change func(SourceSettings) SourceSettings
		want   [verdictCount]int
	}{
		{"everything 0", never, [verdictCount]int{10_000}},
		{"no rate", func(s SourceSettings) SourceSettings { s.Rate = 0; return s }, [verdictCount]int{10_000}},
		{"no room", func(s SourceSettings) SourceSettings { s.Max = 0; return s }, [verdictCount]int{10_000}},
		{"no ban", func(s SourceSettings) SourceSettings { s.Ban = 0; return s }, [verdictCount]int{1199, 8801}},
		{"no time above", func(s SourceSettings) SourceSettings { s.Above = 0; return s }, [verdictCount]int{1199, 8801}},
		{"no burst of its own", func(s SourceSettings) SourceSettings { s.Burst, s.Ban = 0, 0; return s }, [verdictCount]int{1099, 8901}},
		{"negative ones", func(s SourceSettings) SourceSettings { s.Rate = -1; return s }, [verdictCount]int{10_000}},
		{"exempt", func(s SourceSettings) SourceSettings {
			s.Exempt = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/28")}
			return s
		}, [verdictCount]int{10_000}},
		{"huge ones", func(s SourceSettings) SourceSettings { s.Rate, s.Burst = 1<<62, 1<<62; return s }, [verdictCount]int{10_000}},
	} {
		var s Sources
		s.Apply(c.change(DefaultSources()))
		if got, _ := send(&s, 0, time.Millisecond, 10_000); got != c.want {
			t.Errorf("%s: %v, want %v", c.what, got, c.want)
		}
	}
}

func TestApplyKeepsWhatIsKnown(t *testing.T) {
	var s Sources
	send(&s, 0, time.Millisecond, 5000)
	now := after(5 * time.Second)
	set := DefaultSources()
	for _, n := range []int{100_000, 5000, 8, 1, 200_000} {
		set.Max = n
		s.Apply(set)
		if v := s.Take(now, one); v != Banned || s.Tracked() != 1 {
			t.Errorf("with room for %d: %v, %d tracked", n, v, s.Tracked())
		}
	}
	s.Apply(SourceSettings{Rate: 1, Burst: 1e6, Max: 1000})
	for range 1_000_000 {
		s.Take(now, two)
	}
	s.Apply(DefaultSources())
	s.Take(now, two)
	if v := s.Take(now.Add(time.Second), two); v != Pass {
		t.Errorf("a debt made with a rate of 1/s is %v a second after the rate became 100/s", v)
	}
}

func TestBans(t *testing.T) {
	var s Sources
	if n := len(slices.Collect(s.Bans(start))); n != 0 {
		t.Fatalf("%d bans at the beginning", n)
	}
	_, end := send(&s, 0, time.Millisecond, 5000)
	now := after(end + time.Second)
	six := netip.MustParseAddr("2001:db8::7")
	for d := time.Duration(0); d < 6*time.Second; d += 5 * time.Millisecond {
		s.Take(after(d), six)
		s.Take(after(d), two)
	}
	bans := slices.Collect(s.Bans(now))
	slices.SortFunc(bans, func(a, b Ban) int { return a.Source.Addr().Compare(b.Source.Addr()) })
	if len(bans) != 3 || bans[0].Source.String() != "192.0.2.1/32" || bans[2].Source.String() != "2001:db8::/64" {
		t.Fatalf("bans %v", bans)
	}
	if got, want := bans[0].Until, after(63223*time.Millisecond); !got.Equal(want) {
		t.Errorf("the ban ends at %v, want %v", got.Sub(start), want.Sub(start))
	}
	if bans[0].Dropped != 5000-522 {
		t.Errorf("%d dropped", bans[0].Dropped)
	}
	if !s.Unban(now, netip.MustParseAddr("2001:db8::8")) || s.Unban(now, six) || s.Unban(now, netip.MustParseAddr("192.0.2.77")) {
		t.Error("a ban ends once, for the whole source, and a stranger has none")
	}
	if s.Take(now, six) != Pass || s.Tracked() != 3 {
		t.Errorf("after the ban: %d tracked", s.Tracked())
	}
	if v := s.Take(bans[0].Until.Add(-time.Nanosecond), one); v != Banned {
		t.Errorf("just before the end: %v", v)
	}
	if v := s.Take(bans[0].Until, one); v != Pass {
		t.Errorf("at the end: %v", v)
	}
	for range s.Bans(now) {
		break
	}
	s.Apply(SourceSettings{})
	if s.Unban(now, one) || s.Tracked() != 0 || len(slices.Collect(s.Bans(now))) != 0 {
		t.Error("off, and yet there is something")
	}
}

// A banned source that keeps quiet must not be pushed out by as many others as there is room for.
func TestBansOutlastAFlood(t *testing.T) {
	var s Sources
	set := DefaultSources()
	set.Max = 1024
	s.Apply(set)
	_, end := send(&s, 0, time.Millisecond, 5000)
	for i := range 50 * set.Max {
		s.Take(after(end), invented(i))
	}
	if v := s.Take(after(end), one); v != Banned {
		t.Errorf("%v", v)
	}
	if s.Tracked() > set.Max {
		t.Errorf("%d sources tracked, room for %d", s.Tracked(), set.Max)
	}
}

func TestClockGoesBack(t *testing.T) {
	var s Sources
	send(&s, time.Hour, 0, 200)
	for range 1000 {
		if v := s.Take(after(time.Minute), one); v == Pass {
			t.Fatal("an old time made tokens")
		}
	}
	if v := s.Take(time.Time{}, one); v == Pass {
		t.Fatal("no time made tokens")
	}
	if v := s.Take(after(time.Hour), one); v == Pass {
		t.Fatal("an old time let the bucket forget what it owes")
	}
	if v := s.Take(after(time.Hour+time.Second), one); v != Pass {
		t.Errorf("after a second: %v", v)
	}
}

// What led to a ban is paid for with it, however short it is.
func TestAfterAShortBan(t *testing.T) {
	var s Sources
	s.Apply(SourceSettings{Rate: 1, Burst: 1, Above: 100 * time.Millisecond, Ban: 200 * time.Millisecond, Max: 8})
	for _, c := range []struct {
		ms   int
		want Verdict
	}{{0, Pass}, {0, Over}, {100, Over}, {150, Caught}, {349, Banned}, {350, Over}, {450, Over}, {451, Caught}} {
		if v := s.Take(after(time.Duration(c.ms)*time.Millisecond), one); v != c.want {
			t.Errorf("at %d ms: %v, want %v", c.ms, v, c.want)
		}
	}
}

func invented(i int) netip.Addr {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:], 0x2001_0db8_0000_0000+uint64(i)*2654435761)
	if i%2 == 0 {
		var v4 [4]byte
		binary.BigEndian.PutUint32(v4[:], uint32(i)*2654435761)
		return netip.AddrFrom4(v4)
	}
	return netip.AddrFrom16(b)
}

func TestMemoryIsBounded(t *testing.T) {
	var s Sources
	var r Refusals
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	for i := range 1_000_000 {
		s.Take(after(time.Duration(i)*time.Microsecond), invented(i))
		r.Take(after(time.Duration(i)*time.Microsecond), invented(i))
	}
	limit := uint64(2 * 128 * DefaultSources().Max)
	if got := heap() - before; got > limit {
		t.Errorf("%d bytes for a million sources, want at most %d", got, limit)
	}
	n := s.Tracked()
	if n > DefaultSources().Max || n < DefaultSources().Max*9/10 {
		t.Errorf("%d sources tracked, room for %d", n, DefaultSources().Max)
	}
	t.Logf("%d sources in %d bytes with those of the refusals", n, heap()-before)
	runtime.KeepAlive(&s)
	runtime.KeepAlive(&r)
}

func TestRoomIsAsAsked(t *testing.T) {
	for _, n := range []int{1, 2, 7, 8, 9, 63, 64, 1000, 1023, 5000} {
		tab := newTable(n)
		for i := range 20 * n {
			sh, src := tab.locked(keyOf(invented(i)), true)
			src.seen = 1
			sh.mu.Unlock()
		}
		if got := tab.len(); got > n || got < n/2 {
			t.Errorf("room for %d holds %d", n, got)
		}
	}
}

// twinSource is a bucket and a ban told the plain way: tokens that are added as time passes.
type twinSource struct {
	tokens           float64
	last             time.Duration
	over, drop, gone time.Duration
	above            bool
}

func (s *twinSource) take(set SourceSettings, now time.Duration) Verdict {
	if now < s.gone {
		s.last = now
		return Banned
	}
	if s.gone > 0 {
		s.gone, s.above = 0, false
		s.tokens = float64(set.Burst) // a ban is longer than a refill in these tests
	}
	s.tokens = min(float64(set.Burst), s.tokens+float64(set.Rate)*(now-s.last).Seconds())
	s.last = now
	if s.tokens >= 1-1e-6 {
		s.tokens--
		return Pass
	}
	if !s.above || now-s.drop > time.Second {
		s.above, s.over = true, now
	}
	s.drop = now
	if now-s.over > set.Above {
		s.gone = now + set.Ban
		return Caught
	}
	return Over
}

func TestSourcesAgreeWithTheTwin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := SourceSettings{Max: 4096,
			Rate:  rapid.SampledFrom([]int{1, 2, 5, 10, 100, 1000}).Draw(t, "rate"), // a second holds a whole number of steps
			Burst: rapid.IntRange(1, 30).Draw(t, "burst"),
			Above: time.Duration(rapid.IntRange(1, 5000).Draw(t, "above")) * time.Millisecond,
			Ban:   time.Duration(rapid.IntRange(31, 90).Draw(t, "ban")) * time.Second}
		var s Sources
		s.Apply(set)
		twins := map[int]*twinSource{}
		now := time.Duration(0)
		for range rapid.IntRange(1, 400).Draw(t, "messages") {
			now += time.Duration(rapid.SampledFrom([]int{0, 0, 1, 3, 10, 50, 400, 1000, 1001, 20_000}).Draw(t, "ms")) * time.Millisecond
			who := rapid.IntRange(0, 2).Draw(t, "source")
			if twins[who] == nil {
				twins[who] = &twinSource{tokens: float64(set.Burst), last: now}
			}
			if got, want := s.Take(after(now), invented(who)), twins[who].take(set, now); got != want {
				t.Fatalf("source %d at %v: %v, the twin says %v", who, now, got, want)
			}
		}
	})
}

func TestSourcesRace(t *testing.T) {
	var s Sources
	var wg sync.WaitGroup
	passed := make([]int, 4)
	for g := range passed {
		wg.Go(func() {
			for i := range 20_000 {
				if s.Take(start, one) == Pass {
					passed[g]++
				}
				s.Take(start, invented(i))
			}
		})
	}
	wg.Go(func() {
		for i := range 50 {
			set := DefaultSources()
			set.Exempt = []netip.Prefix{netip.MustParsePrefix(fmt.Sprintf("10.0.%d.0/24", i))}
			s.Apply(set)
			for range s.Bans(start) {
			}
			s.Unban(start, invented(i))
			s.Tracked()
		}
	})
	wg.Wait()
	if n := passed[0] + passed[1] + passed[2] + passed[3]; n != 200 {
		t.Errorf("%d of one source passed, want 200", n)
	}
}

func TestNoAllocations(t *testing.T) {
	var (
		s Sources
		r Refusals
		g Gate
		w Scanners
		i int
	)
	agent := []byte("Linphone/3.12.0 (belle-sip/1.6.3)")
	scanner := []byte("friendly-scanner")
	all := func() {
		i++
		s.Take(start, one)
		s.Take(start, invented(i))
		r.Take(start, one)
		r.Take(start, invented(i))
		g.Admit(start, Invite)
		w.Match(agent)
		w.Match(scanner)
	}
	all()
	if n := testing.AllocsPerRun(1000, all); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func BenchmarkSources(b *testing.B) {
	for _, c := range []struct {
		name  string
		known int
	}{{"one", 1}, {"1000", 1000}, {"80000", 80_000}} {
		b.Run(c.name, func(b *testing.B) {
			var s Sources
			set := DefaultSources()
			set.Exempt = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
			s.Apply(set)
			ips := make([]netip.Addr, c.known)
			for i := range ips {
				ips[i] = invented(2 * i)
				s.Take(start, ips[i])
			}
			now, i := time.Now(), 0
			b.ReportAllocs()
			for b.Loop() {
				s.Take(now, ips[i])
				if i++; i == len(ips) {
					i = 0
				}
			}
		})
	}
	b.Run("unknown", func(b *testing.B) {
		var s Sources
		now, i := time.Now(), 0
		b.ReportAllocs()
		for b.Loop() {
			i++
			s.Take(now, invented(i))
		}
	})
	b.Run("exempt", func(b *testing.B) {
		var s Sources
		set := DefaultSources()
		set.Exempt = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
		s.Apply(set)
		now, ip := time.Now(), netip.MustParseAddr("127.0.0.1")
		for b.Loop() {
			s.Take(now, ip)
		}
	})
	b.Run("parallel", func(b *testing.B) {
		var s Sources
		b.RunParallel(func(p *testing.PB) {
			now, i := time.Now(), 0
			for p.Next() {
				i = (i + 2) & 1023
				s.Take(now, invented(i))
			}
		})
	})
}
