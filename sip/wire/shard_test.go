package wire

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"syscall"
	"testing"
)

// tally checks the order of each peer, over all shards.
type tally struct {
	t     *testing.T
	mu    *sync.Mutex
	next  map[netip.AddrPort]int
	where map[netip.AddrPort]*tally
	took  chan struct{}
}

func (h *tally) Receive(data []byte, peer netip.AddrPort) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if n, _ := strconv.Atoi(string(data)); n != h.next[peer] {
		h.t.Errorf("%s: got %d, want %d", peer, n, h.next[peer])
	}
	h.next[peer]++
	if w := h.where[peer]; w != nil && w != h {
		h.t.Errorf("%s is served by two sockets", peer)
	}
	h.where[peer] = h
	h.took <- struct{}{}
}

func (h *tally) Flush() {}

func TestShardsShareAnAddress(t *testing.T) {
	const peers, each = 40, 20
	for _, network := range []string{"udp4", "udp6", "udp"} {
		addr := map[string]string{"udp4": "127.0.0.1:0", "udp6": "[::1]:0", "udp": ":0"}[network]
		conns, err := ListenShards(context.Background(), network, addr, 4)
		if err != nil {
			t.Logf("%s: %v", network, err)
			continue
		}
		if len(conns) != 4 && canShare {
			t.Fatalf("%d sockets", len(conns))
		}
		shared := tally{t: t, mu: new(sync.Mutex), next: map[netip.AddrPort]int{}, where: map[netip.AddrPort]*tally{}, took: make(chan struct{}, each)}
		port := (&Socket{Conn: conns[0]}).Local().Port()
		for _, c := range conns {
			s := &Socket{Conn: c}
			if s.Local().Port() != port {
				t.Errorf("ports %d and %d", port, s.Local().Port())
			}
			h := shared
			t.Cleanup(func() { c.Close() })
			run(t, s, &h)
		}
		to := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port)
		from := "127.0.0.1:0"
		if network == "udp6" {
			to, from = netip.AddrPortFrom(netip.IPv6Loopback(), port), "[::1]:0"
		}
		for range peers {
			p := open(t, "udp", from, false)
			for i := range each {
				if err := p.Send(fmt.Append(nil, i), to); err != nil {
					t.Fatal(err)
				}
			}
			for range each {
				<-shared.took
			}
		}
		if n := len(shared.next); n != peers {
			t.Errorf("%d peers", n)
		}
	}
}

func TestAnAddressInUseIsNotShared(t *testing.T) {
	conns, err := ListenShards(context.Background(), "udp4", "127.0.0.1:0", 2)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		for _, c := range conns {
			c.Close()
		}
	}()
	for _, n := range []int{1, 2} {
		again, err := ListenShards(context.Background(), "udp4", conns[0].LocalAddr().String(), n)
		if !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("%d: %v", n, err)
		}
		for _, c := range again {
			c.Close()
		}
	}
	if _, err := ListenShards(context.Background(), "udp4", "no address", 2); err == nil {
		t.Error("no error for nonsense")
	}
	one, err := ListenShards(context.Background(), "udp4", "127.0.0.1:0", 1)
	if err != nil || len(one) != 1 {
		t.Fatal(one, err)
	}
	defer one[0].Close()
	if _, ok := one[0].(*net.UDPConn); !ok {
		t.Errorf("%T", one[0])
	}
}
