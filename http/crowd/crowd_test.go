package crowd

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// door is a listener of a crowd; what it accepts comes out of in.
type door struct {
	t  *testing.T
	l  net.Listener
	in chan net.Conn
}

func open(t *testing.T, c *Crowd) *door {
	plain, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &door{t, c.Listener(plain), make(chan net.Conn, 100)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			nc, err := d.l.Accept()
			if err != nil {
				return
			}
			d.in <- nc
		}
	}()
	t.Cleanup(func() { d.l.Close(); <-done })
	return d
}

// knock connects and tells whether it was let in; then it returns both ends.
func (d *door) knock() (net.Conn, net.Conn) {
	d.t.Helper()
	theirs, err := net.Dial("tcp4", d.l.Addr().String())
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { theirs.Close() })
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		io.Copy(io.Discard, theirs)
	}()
	select {
	case ours := <-d.in:
		d.t.Cleanup(func() { ours.Close(); <-gone })
		return theirs, ours
	case <-gone:
		return nil, nil
	}
}

func TestTotal(t *testing.T) {
	var said bytes.Buffer
	c := &Crowd{Log: slog.New(slog.NewTextHandler(&said, nil)), Exempt: func(netip.Addr) bool { return true }}
	c.Apply(Limits{Total: 2, PerSource: 1})
	a, b := open(t, c), open(t, c)
	_, first := a.knock()
	_, second := b.knock() // exempt from the limit of a source alone
	if first == nil || second == nil {
		t.Fatal("nobody is let in")
	}
	for range 2 {
		if _, third := a.knock(); third != nil {
			t.Error("one too many is let in")
		}
	}
	first.Close()
	first.Close() // which counts once
	if _, third := b.knock(); third == nil {
		t.Error("a place that became free is not used")
	}
	if _, fourth := b.knock(); fourth != nil {
		t.Error("one too many is let in")
	}
	if s := c.Stats(); s != (Stats{Open: 2, Accepted: 3, RefusedTotal: 3}) {
		t.Errorf("%+v", s)
	}
	if n := strings.Count(said.String(), "limits.http.connections source=127.0.0.1/32"); n != 1 {
		t.Errorf("it was told %d times: %s", n, said.String())
	}
	c.Apply(Limits{})
	if _, third := b.knock(); third == nil {
		t.Error("a limit that is off holds")
	}
}

func TestPerSource(t *testing.T) {
	var trusted atomic.Bool
	c := &Crowd{Exempt: func(ip netip.Addr) bool { return trusted.Load() && ip == netip.MustParseAddr("127.0.0.1") }}
	c.Apply(Limits{Total: 10, PerSource: 1})
	d := open(t, c)
	_, first := d.knock()
	if _, second := d.knock(); first == nil || second != nil {
		t.Error("not one alone is let in")
	}
	trusted.Store(true)
	if _, second := d.knock(); second == nil {
		t.Error("who is exempt is not let in")
	}
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(c)
	got, err := reg.Gather()
	if text := fmt.Sprint(got); err != nil || !strings.Contains(text, `value:"refused_source"`) || !strings.Contains(text, "gauge:{value:2}") {
		t.Errorf("%v %v", text, err)
	}
}

func TestSources(t *testing.T) {
	for from, want := range map[string]string{"198.51.100.7": "198.51.100.7/32", "::ffff:198.51.100.7": "198.51.100.7/32", "2001:db8:1:2:3::4": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64"} {
		if _, got := source(net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(from), 1))); got.String() != want {
			t.Errorf("%s is %s", from, got)
		}
	}
}

// Whoever comes and goes at once, in the end nobody is counted.
func TestTogether(t *testing.T) {
	c := &Crowd{}
	c.Apply(Limits{Total: 5, PerSource: 5})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			a := net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(i % 2)}), 1))
			for range 1000 {
				if from, in := c.enter(a); in {
					if n := c.Stats().Open; n > 5 {
						t.Errorf("%d are in", n)
					}
					c.leave(from)
				}
			}
		})
	}
	wg.Wait()
	if s := c.Stats(); s.Open != 0 || len(c.sources) != 0 {
		t.Errorf("%+v, %d sources", s, len(c.sources))
	}
}
