package park

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"twinhop/sip/locate"
)

// slow is a resolver that takes a second for each question.
type slow struct{ none bool }

func (slow) Pinned(context.Context, string) []netip.Addr { return nil }

func (slow) NAPTR(context.Context, string) ([]locate.NAPTR, time.Duration, error) {
	return nil, 0, locate.ErrNoRecords
}

func (slow) SRV(context.Context, string) ([]locate.SRV, time.Duration, error) {
	return nil, 0, locate.ErrNoRecords
}

func (s slow) Hosts(ctx context.Context, _ string) ([]netip.Addr, time.Duration, error) {
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		return nil, 0, ctx.Err()
	}
	if s.none {
		return nil, 0, locate.ErrNoRecords
	}
	return []netip.Addr{netip.MustParseAddr("192.0.2.1")}, time.Minute, nil
}

func query(name string) locate.Query { return locate.Query{Host: []byte(name), Port: 5060} }

type batch struct {
	list []string
	err  error
}

// heard is what went on.
type heard struct {
	mu  sync.Mutex
	all []batch
}

func (h *heard) add(list []string, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all = append(h.all, batch{list, err})
}

func (h *heard) list() []batch {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.all
}

func newLot(ctx context.Context, r locate.Resolver) (*Lot[string], *heard) {
	got := new(heard)
	return New(ctx, &locate.Locator{Resolver: r, Can: locate.UDP}, got.add), got
}

func keep(l *Lot[string], name, message string) bool {
	return l.Keep(query(name), 1000, func() string { return message })
}

// What waits for one name goes on together and in its order, also when there is no such name.
func TestWait(t *testing.T) {
	for _, none := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			l, got := newLot(t.Context(), slow{none})
			if !keep(l, "a.example", "1") || !keep(l, "A.example", "2") {
				t.Fatal("not kept")
			}
			synctest.Wait()
			if len(got.list()) != 0 {
				t.Fatalf("%v went on before its name was known", got.list())
			}
			l.Wait()
			if len(got.list()) != 1 || !slices.Equal(got.list()[0].list, []string{"1", "2"}) || (got.list()[0].err != nil) != none {
				t.Errorf("%v went on", got.list())
			}
			if l.total != 0 || len(l.asked) != 0 {
				t.Errorf("%d still wait for %d names", l.total, len(l.asked))
			}
		})
	}
}

func TestBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := newLot(t.Context(), slow{})
		for range maxWaiting {
			keep(l, "a.example", "")
		}
		if keep(l, "a.example", "") {
			t.Error("more wait for one name than may")
		}
		if l.Keep(query("b.example"), maxWaiting, func() string { t.Error("asked for what is not kept"); return "" }) {
			t.Error("more wait in all than may")
		}
		if keep(l, "not a name", "") || keep(l, "x.invalid", "") {
			t.Error("kept for what is no name")
		}
		for n := range maxAsked - 1 {
			if !keep(l, string([]byte{'a' + byte(n%26), 'a' + byte(n/26)})+".example", "") {
				t.Fatalf("name %d is too many", n)
			}
		}
		if keep(l, "last.example", "") {
			t.Error("more names than may be looked up at a time")
		}
		l.Wait()
		if !keep(l, "last.example", "") {
			t.Error("still full when all are through")
		}
		l.Wait()
	})
}

// At the end of the process nobody goes on.
func TestEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		l, got := newLot(ctx, slow{})
		keep(l, "a.example", "1")
		cancel()
		l.Wait()
		if len(got.list()) != 0 || keep(l, "b.example", "2") {
			t.Errorf("%v went on", got.list())
		}
	})
}

// One look-up is under way for a name, whoever asks for it.
func TestRenew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, got := newLot(t.Context(), slow{})
		l.Renew(query("a.example"))
		l.Renew(query("a.example"))
		keep(l, "a.example", "1")
		l.Wait()
		if len(got.list()) != 1 || !slices.Equal(got.list()[0].list, []string{"1"}) {
			t.Errorf("%v went on", got.list())
		}
	})
}
