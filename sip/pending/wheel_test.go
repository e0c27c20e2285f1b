package pending

import (
	"math/rand/v2"
	"testing"
	"time"
)

// Whatever is put in comes out when it is due, by steps of any size, and the wheel knows when it has to be asked next.
func TestWheel(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 0))
		var w wheel
		now, in := int64(0), map[*Invite]int64{}
		put := func() {
			x := &Invite{slot: -1}
			due := now + r.Int64N([]int64{10, 1e8, 1e9, 1e11, 1e13}[r.IntN(5)])
			in[x] = due
			w.put(x, due, now)
		}
		for range 300 {
			for range r.IntN(5) {
				put()
			}
			for x := range in {
				if r.IntN(20) == 0 {
					w.drop(x)
					delete(in, x)
				}
				break
			}
			first := int64(never)
			for _, due := range in {
				first = min(first, due)
			}
			if s := w.soonest(); s > first || len(in) == 0 && s != never {
				t.Fatalf("seed %d: to be asked at %v, the first is due at %v", seed, time.Duration(s), time.Duration(first))
			}
			now += r.Int64N([]int64{1e6, 1e7, 1e8, 1e10, 1e12}[r.IntN(5)])
			for x := w.take(now); x != nil; {
				after := x.after
				x.after = nil
				if due, here := in[x]; !here {
					t.Fatalf("seed %d: taken twice, or after it was dropped", seed)
				} else if due <= now {
					delete(in, x)
				} else {
					w.put(x, due, now)
				}
				x = after
			}
			for _, due := range in {
				if due <= now {
					t.Fatalf("seed %d: at %v, what was due at %v is still there", seed, time.Duration(now), time.Duration(due))
				}
			}
		}
	}
}

// A flood does not keep its memory for ever.
func TestSpareIsBounded(t *testing.T) {
	var p spare
	for _, n := range []int{1, 512, 513, 1000, 8192, 8193, 65535} {
		if b := p.buffer(n); len(b) != n {
			t.Errorf("%d bytes instead of %d", len(b), n)
		}
	}
	var all []*Invite
	for range 10_000 {
		x := p.invite()
		p.keep(x, &Request{Message: make([]byte, 5000), Body: 600})
		all = append(all, x)
	}
	for i, x := range all {
		p.leave(x, len(all)-i-1)
	}
	if p.invites > 2*few || p.bytes > 2*few<<(smallest+2) {
		t.Errorf("%d records and %d bytes are spare", p.invites, p.bytes)
	}
	x := p.invite()
	p.keep(x, &Request{Message: make([]byte, 5000), Body: 600})
	if p.shrink(x, 1); len(x.copy) != 600 || cap(x.copy) > 1024 {
		t.Errorf("a head of %d bytes in %d", len(x.copy), cap(x.copy))
	}
	p.keep(x, &Request{Message: []byte("INVITE"), Body: 99})
	if p.shrink(x, 1); string(x.copy) != "INVITE" {
		t.Errorf("%q", x.copy)
	}
}
