package locate

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func hostPort(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

// quiet does not answer NAPTR and SRV questions.
type quiet struct{ *script }

func (q quiet) NAPTR(ctx context.Context, name string) ([]NAPTR, time.Duration, error) {
	<-ctx.Done()
	return nil, 0, ctx.Err()
}

func (q quiet) SRV(ctx context.Context, name string) ([]SRV, time.Duration, error) {
	<-ctx.Done()
	return nil, 0, ctx.Err()
}

const one = "x.example HOST 10.0.0.1"

// bench is a locator in a bubble of time.
type bench struct {
	*Locator
	*script
	t *testing.T
	q Query
}

func newBench(t *testing.T) *bench {
	s := newScript(t, one)
	return &bench{Locator: &Locator{Resolver: s}, script: s, t: t, q: query("sip:x.example:5060")}
}

// state looks without asking.
func (b *bench) state() State {
	_, s := b.Find(nil, b.q, 1, time.Now())
	return s
}

func (b *bench) askNow() error {
	k, err := b.Key(b.q)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.Ask(b.t.Context(), k)
}

func (b *bench) want(want State, when string) {
	b.t.Helper()
	if got := b.state(); got != want {
		b.t.Errorf("%s: state %d, want %d", when, got, want)
	}
}

func TestLife(t *testing.T) {
	for _, c := range []struct{ life, want time.Duration }{
		{0, 5 * time.Second}, {time.Second, 5 * time.Second}, {-1, 5 * time.Second}, {time.Minute, time.Minute}, {90 * time.Hour, time.Hour},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t)
			if b.life = c.life; c.life == 0 {
				b.life = 1 // 0 is the script's default
			}
			b.want(Unknown, "at first")
			if err := b.askNow(); err != nil {
				t.Fatal(err)
			}
			b.want(Known, "asked")
			time.Sleep(c.want - 1)
			b.want(Known, "just before the end")
			time.Sleep(time.Nanosecond)
			b.want(Aged, "at the end")
			b.want(Known, "somebody was told")
			time.Sleep(hold)
			b.want(Aged, "nobody brought anything")
			time.Sleep(maxStale - hold)
			b.want(Unknown, "too old")
		})
	}
}

func TestRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.askNow()
		time.Sleep(time.Minute)
		b.want(Aged, "over")
		b.hosts["x.example"] = []netip.Addr{netip.MustParseAddr("10.0.0.2")}
		if err := b.askNow(); err != nil {
			t.Fatal(err)
		}
		got, state := b.Find(nil, b.q, 1, time.Now())
		if state != Known || text(got) != "udp:10.0.0.2:5060" {
			t.Errorf("%s, %d", text(got), state)
		}

		// Trouble leaves what serves; what is sure does not.
		time.Sleep(time.Minute)
		b.want(Aged, "over again")
		b.fails["HOST x.example"] = true
		if err := b.askNow(); !errors.Is(err, errScript) {
			t.Errorf("error %v", err)
		}
		b.want(Known, "no answer to the refresh")
		delete(b.fails, "HOST x.example")
		delete(b.hosts, "x.example")
		if err := b.askNow(); !errors.Is(err, ErrNoRecords) {
			t.Errorf("error %v", err)
		}
		b.want(None, "gone")
	})
}

// The SRV records of a name that is known do not give way to its bare addresses when the server stumbles.
func TestTroubleDoesNotMislead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t, one+"\n_sip._udp.x.example SRV 0 0 5080 y.example\ny.example HOST 10.0.0.2")
		b := &bench{&Locator{Resolver: s}, s, t, query("sip:x.example;transport=udp")}
		b.askNow()
		time.Sleep(time.Minute)
		s.fails["SRV _sip._udp.x.example"] = true
		b.askNow()
		if got, _ := b.Find(nil, b.q, 1, time.Now()); text(got) != "udp:10.0.0.2:5080" {
			t.Errorf("%s", text(got))
		}
		time.Sleep(maxStale)
		b.askNow()
		if got, _ := b.Find(nil, b.q, 1, time.Now()); text(got) != "udp:10.0.0.1:5060" {
			t.Errorf("%s", text(got))
		}
		time.Sleep(noLife)
		b.want(Aged, "an answer with a gap lives shortly")
	})
}

func TestNegativeLife(t *testing.T) {
	for _, fails := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t)
			b.fails["HOST x.example"] = fails
			b.hosts = nil
			want, state := ErrNoRecords, None
			if fails {
				want, state = errScript, Silent
			}
			if err := b.askNow(); !errors.Is(err, want) {
				t.Errorf("error %v", err)
			}
			b.want(state, "asked")
			time.Sleep(noLife - 1)
			b.want(state, "just before the end")
			if err := b.askNow(); !errors.Is(err, want) || len(b.questions()) != 1 {
				t.Errorf("asked again; error %v", err)
			}
			time.Sleep(time.Nanosecond)
			b.want(Unknown, "at the end")
		})
	}
}

func TestManyAskers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.gate = make(chan struct{})
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if err := b.askNow(); err != nil {
					t.Error(err)
				}
			})
		}
		// Another spelling and another port are the same question.
		k, _ := b.Key(query("sip:X.Example.:6000;transport=udp"))
		wg.Go(func() { b.Ask(t.Context(), k) })
		synctest.Wait()
		impatient, cancel := context.WithCancel(t.Context())
		cancel()
		if err := b.Ask(impatient, k); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
		close(b.gate)
		wg.Wait()
		if q := b.questions(); len(q) != 1 {
			t.Errorf("asked %q", q)
		}
	})
}

// When the one who asks goes away, another takes over, and nothing is remembered of it.
func TestAskerLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.gate = make(chan struct{})
		ctx, cancel := context.WithCancel(t.Context())
		k, _ := b.Key(b.q)
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := b.Ask(ctx, k); !errors.Is(err, context.Canceled) {
				t.Errorf("the first: %v", err)
			}
		})
		synctest.Wait()
		wg.Go(func() {
			if err := b.Ask(t.Context(), k); err != nil {
				t.Errorf("the second: %v", err)
			}
		})
		synctest.Wait()
		cancel()
		synctest.Wait()
		b.want(Unknown, "the first is gone")
		close(b.gate)
		wg.Wait()
		b.want(Known, "the second was served")
		if len(b.asking) != 0 {
			t.Error("a look-up is left")
		}
	})
}

// A server that does not answer costs the time Ask was given and no more, and leaves time for other questions.
func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &Locator{Resolver: quiet{newScript(t, one)}}
		start := time.Now()
		got, state := l.locate(t, "sip:x.example", 1)
		if text(got) != "udp:10.0.0.1:5060" || state != Known {
			t.Errorf("got %s, %d", text(got), state)
		}
		if took := time.Since(start); took >= DefaultWait {
			t.Errorf("took %v", took)
		}
		b := newBench(t)
		b.delay = time.Hour
		start = time.Now()
		if err := b.askNow(); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != DefaultWait {
			t.Errorf("error %v after %v", err, time.Since(start))
		}
		b.want(Silent, "no answer")
	})
}

func TestMemoryIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t, one)
		s.life = time.Hour
		l := &Locator{Resolver: s}
		l.locate(t, "sip:x.example:5060", 1)
		for i := range 3 * maxNames {
			name := fmt.Sprintf("n%d.example", i)
			if i%2 == 0 { // the others exist not
				s.hosts[name] = s.hosts["x.example"]
			}
			k, err := l.Key(query("sip:" + name + ":5060"))
			if err != nil {
				t.Fatal(err)
			}
			l.Ask(t.Context(), k)
			if i%20 == 0 {
				time.Sleep(time.Second)
				l.Find(nil, query("sip:x.example:5060"), 1, time.Now())
			}
		}
		if len(l.known) != maxNames {
			t.Errorf("%d names", len(l.known))
		}
		if l.known[Key{"x.example", hosts}] == nil {
			t.Error("a name in use was forgotten")
		}
	})
}

func TestKeyErrors(t *testing.T) {
	l := &Locator{}
	for uri, want := range map[string]error{
		"sip:a..b": ErrName, "sip:x.example;transport=tcp": ErrTransport, "sips:x.example": ErrTransport, "sip:x.example": nil, "sip:10.0.0.1": nil,
	} {
		if _, err := l.Key(query(uri)); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", uri, err, want)
		}
	}
	if err := l.Ask(t.Context(), Key{}); err != nil {
		t.Error(err)
	}
}

// TestKeyKeepsNothing: what a query points to may be overwritten.
func TestKeyKeepsNothing(t *testing.T) {
	l := &Locator{Resolver: newScript(t, one)}
	host := []byte("X.example")
	k, _ := l.Key(Query{Host: host, Port: 5060})
	copy(host, "Y.example")
	if err := l.Ask(t.Context(), k); err != nil {
		t.Error(err)
	}
}

func TestFindAllocatesNothing(t *testing.T) {
	l := &Locator{Resolver: newScript(t, zone), Can: UDP | TCP}
	for _, uri := range []string{"sip:192.0.2.1:5060", "sip:[2001:db8::1]", "sip:EXAMPLE.com", "sip:plain.example.net:5070", "sip:nothing.example.net", "sip:never.example.net", "sip:a..b", "sip:x;transport=sctp"} {
		if uri != "sip:never.example.net" {
			l.locate(t, uri, 1)
		}
		q := query(uri)
		dst := make([]Target, 0, 8)
		now := time.Now()
		seed := uint64(0)
		if n := testing.AllocsPerRun(100, func() {
			seed++
			dst, _ = l.Find(dst[:0], q, seed, now)
		}); n != 0 {
			t.Errorf("%s: %v allocations", uri, n)
		}
	}
}

func TestAtOnce(t *testing.T) {
	s := newScript(t, zone)
	s.life = 1
	l := &Locator{Resolver: s, Can: UDP | TCP}
	uris := []string{"sip:example.com", "sip:srv.example.net", "sip:plain.example.net:5060", "sip:off.example.net"}
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			now := time.Now()
			dst := make([]Target, 0, 8)
			for i := range 300 {
				q := query(uris[(g+i)%len(uris)])
				var state State
				dst, state = l.Find(dst[:0], q, uint64(i), now.Add(time.Duration(i)*time.Second))
				if state == Unknown || state == Aged {
					k, _ := l.Key(q)
					l.Ask(t.Context(), k)
				}
			}
		})
	}
	wg.Wait()
}

func FuzzQuery(f *testing.F) {
	for _, uri := range []string{"sip:example.com", "sips:example.com;transport=tcp", "sip:[2001:db8::1]:5060", "sip:1.2.3.4;maddr=x", "sip:a..b", "sip:[", "sip:x.invalid"} {
		q := query(uri)
		f.Add(q.Host, q.Maddr, q.Transport, q.Port, q.Secure, uint8(3))
	}
	f.Fuzz(func(t *testing.T, host, maddr, transport []byte, port uint16, secure bool, can uint8) {
		q := Query{host, maddr, transport, port, secure}
		s := newScript(t, zone)
		l := &Locator{Resolver: s, Can: Transport(can)}
		k, err := l.Key(q)
		dst, state := l.Find(nil, q, 1, time.Now())
		switch {
		case err != nil && state != None, err == nil && k == (Key{}) && state != Known, k != (Key{}) && state != Unknown, len(dst) > 1:
			t.Fatalf("%+v: %v, %v, %d, %v", q, k, err, state, dst)
		}
		l.Ask(t.Context(), k)
		dst, state = l.Find(nil, q, 1, time.Now())
		if state == Unknown || state == Aged || (state == Known) != (len(dst) > 0) || len(dst) > maxTargets {
			t.Fatalf("%+v: %d, %v", q, state, dst)
		}
		for _, d := range dst {
			if d.Transport&l.can() == 0 || d.Transport.String() == "" || !d.Addr.IsValid() || d.Addr.Port() == 0 || secure && d.Transport != TLS {
				t.Fatalf("%+v: %v", q, d)
			}
		}
	})
}

func BenchmarkFind(b *testing.B) {
	l := &Locator{Resolver: newScript(b, zone), Can: UDP | TCP}
	for _, uri := range []string{"sip:192.0.2.1", "sip:plain.example.net:5060", "sip:example.com"} {
		l.locate(b, uri, 1)
		q, now, dst := query(uri), time.Now(), make([]Target, 0, 8)
		b.Run(uri, func(b *testing.B) {
			seed := uint64(0)
			for b.Loop() {
				seed++
				dst, _ = l.Find(dst[:0], q, seed, now)
			}
		})
	}
}

// What serves no more goes before what was not used for long.
func TestForget(t *testing.T) {
	now := time.Now()
	live := []record{{addrs: []addr{{}}}}
	for _, want := range []string{"over.example", "old.example"} {
		l := &Locator{known: map[Key]*entry{
			{"old.example", hosts}: {records: live, expires: now.Add(time.Second)},
			{"new.example", hosts}: {records: live, expires: now.Add(time.Second)},
		}}
		l.known[Key{"old.example", hosts}].used.Store(100)
		l.known[Key{"new.example", hosts}].used.Store(200)
		if want == "over.example" {
			l.known[Key{want, hosts}] = &entry{records: live, expires: now.Add(-maxStale)}
			l.known[Key{want, hosts}].used.Store(300)
		}
		before := len(l.known)
		l.forget(now)
		if l.known[Key{want, hosts}] != nil || len(l.known) != before-1 {
			t.Errorf("%s is kept, %d of %d are left", want, len(l.known), before)
		}
	}
}
