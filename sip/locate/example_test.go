package locate_test

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"twinhop/sip/locate"
)

// fixed is a Resolver that knows one service and its two servers.
type fixed struct{}

func (fixed) Pinned(context.Context, string) []netip.Addr { return nil }

func (fixed) NAPTR(context.Context, string) ([]locate.NAPTR, time.Duration, error) {
	return nil, 0, locate.ErrNoRecords
}

func (fixed) SRV(_ context.Context, name string) ([]locate.SRV, time.Duration, error) {
	if name != "_sip._udp.example.com" {
		return nil, 0, locate.ErrNoRecords
	}
	return []locate.SRV{{Priority: 2, Port: 5070, Target: "b.example.com."}, {Priority: 1, Port: 5060, Target: "a.example.com."}}, time.Minute, nil
}

func (fixed) Hosts(_ context.Context, name string) ([]netip.Addr, time.Duration, error) {
	return []netip.Addr{netip.AddrFrom4([4]byte{192, 0, 2, name[0]})}, time.Minute, nil
}

func Example() {
	l := &locate.Locator{Resolver: fixed{}, Can: locate.UDP | locate.TCP}
	q := locate.Query{Host: []byte("example.com")}
	const transaction = 42

	list, state := l.Find(nil, q, transaction, time.Now())
	if state == locate.Unknown { // the message waits, beside the packet loop:
		key, err := l.Key(q)
		if err != nil {
			fmt.Println(err)
			return
		}
		if err := l.Ask(context.Background(), key); err != nil {
			fmt.Println(err)
			return
		}
		list, state = l.Find(list[:0], q, transaction, time.Now())
	}
	fmt.Println(state == locate.Known)
	for _, t := range list {
		fmt.Println(t.Transport, t.Addr)
	}
	// Output:
	// true
	// udp 192.0.2.97:5060
	// udp 192.0.2.98:5070
}
