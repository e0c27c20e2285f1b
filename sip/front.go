package sip

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"twinhop/gateway"
	"twinhop/gateway/calls"
	"twinhop/sip/wire"
)

// Front serves SIP on the sockets it is given. Its fields are set before Run and not changed after; settings change by Apply.
type Front struct {
	Router  *gateway.Router
	Book    *calls.Book // told of answers and ends of calls; nil: nobody is told
	Secrets Secrets
	Log     *slog.Logger // nil: silent
	Metrics *Metrics     // nil: nothing is counted

	// External are the sockets of the world, at least one. Internal are those of the nodes; none means single-port mode, where a sender
	// is a node when its address is exactly that of one.
	External, Internal []Listener

	// Resolve finds the addresses of a name that a node sends to; nil: the system's resolver. It is never called by a receiving goroutine.
	Resolve func(ctx context.Context, host string) ([]netip.Addr, error)

	settings atomic.Pointer[Settings]
	draining atomic.Bool
	legs     []*leg // External, then Internal
	inner    int    // index in legs of the first internal one; 0 in single-port mode: they are the same
	keys     keys
	names    *names
	local    map[netip.Addr]bool // addresses of this machine, for sockets bound to all of them
	log      *slog.Logger
	warn     rate.Sometimes // what may happen on every message is logged once a second
}

// Listener is one socket, opened and later closed by the caller.
type Listener struct {
	Conn net.PacketConn
	// Host and Port replace what Record-Route says, for a gateway behind an address translation or an IP load balancer. An empty Host:
	// the local address the system uses toward the peer. Port 0: the socket's.
	Host string
	Port int
}

// maxLegs is how many sockets a branch can name.
const maxLegs = 26

// Apply replaces the settings. Messages under way finish with the old ones.
func (f *Front) Apply(s Settings) { f.settings.Store(s.prepared()) }

// Run serves until ctx ends and then returns nil. An error means that a socket was closed by somebody else, or that fields are missing.
func (f *Front) Run(ctx context.Context) error {
	if err := f.prepare(); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	f.names = newNames(ctx, f)
	var wg sync.WaitGroup
	errs := make(chan error, len(f.legs))
	for _, l := range f.legs {
		w := newWorker(ctx, f, l)
		wg.Go(func() {
			defer cancel() // one socket less is no service
			errs <- l.sock.Run(ctx, w)
		})
	}
	wg.Wait()
	f.names.wait()
	close(errs)
	var all []error
	for err := range errs {
		all = append(all, err)
	}
	return errors.Join(all...)
}

func (f *Front) prepare() error {
	if f.Router == nil || len(f.External) == 0 || len(f.External)+len(f.Internal) > maxLegs {
		return fmt.Errorf("sip front: needs a router and 1 to %d sockets", maxLegs)
	}
	if f.Secrets.Current == (Secret{}) {
		return errors.New("sip front: without a secret everybody could sign branches and hints")
	}
	if f.settings.Load() == nil {
		f.Apply(Settings{})
	}
	if f.log = f.Log; f.log == nil {
		f.log = slog.New(slog.DiscardHandler)
	}
	if f.Resolve == nil {
		f.Resolve = lookUp
	}
	f.warn = rate.Sometimes{Interval: time.Second}
	f.keys = f.Secrets.keys()
	f.local = localAddrs()
	f.legs, f.inner = nil, 0
	if len(f.Internal) > 0 {
		f.inner = len(f.External)
	}
	for _, l := range append(f.External[:len(f.External):len(f.External)], f.Internal...) {
		f.legs = append(f.legs, newLeg(f, len(f.legs), l))
	}
	return nil
}

func lookUp(ctx context.Context, host string) ([]netip.Addr, error) {
	return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
}

func localAddrs() map[netip.Addr]bool {
	local := make(map[netip.Addr]bool)
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return local // own Routes are then known by their signature only
	}
	for _, a := range addrs {
		if p, ok := a.(*net.IPNet); ok {
			if ip, ok := netip.AddrFromSlice(p.IP); ok {
				local[ip.Unmap()] = true
			}
		}
	}
	return local
}

// Drain refuses new dialogs from now on (503 with Retry-After) and returns when no call is left or ctx ends; established dialogs and what
// belongs to calls that are being set up are forwarded until Run ends.
func (f *Front) Drain(ctx context.Context) error {
	f.draining.Store(true)
	if f.Book == nil {
		return nil
	}
	tick := time.NewTicker(drainPoll)
	defer tick.Stop()
	for f.Book.Total() > 0 {
		select {
		case <-ctx.Done():
			return fmt.Errorf("sip drain: %d calls left: %w", f.Book.Total(), ctx.Err())
		case <-tick.C:
		}
	}
	return nil
}

// drainPoll is how often Drain looks at the book.
const drainPoll = 200 * time.Millisecond

// leg is one socket with the names it goes by.
type leg struct {
	index  int
	inside bool // nodes are on this side: false in single-port mode
	sock   wire.Socket
	bound  netip.AddrPort
	host   string     // what Record-Route says; "" = the address toward the peer
	hostIP netip.Addr // host, when it is a literal
	port   uint16     // of Record-Route
	local  map[netip.Addr]bool
}

func newLeg(f *Front, index int, l Listener) *leg {
	g := &leg{index: index, inside: f.inner > 0 && index >= f.inner, sock: wire.Socket{Conn: l.Conn, Log: f.Log}, host: l.Host, local: f.local}
	g.bound = g.sock.Local()
	g.port = g.bound.Port()
	if l.Port > 0 {
		g.port = uint16(l.Port)
	}
	if ip, err := netip.ParseAddr(l.Host); err == nil {
		g.hostIP = ip.Unmap()
	}
	return g
}

// is tells whether an address is this leg's, as a peer may write it.
func (g *leg) is(ip netip.Addr, port uint16) bool {
	switch {
	case port == g.port && g.hostIP.IsValid() && ip == g.hostIP:
		return true
	case port != g.bound.Port():
		return false
	case g.bound.Addr().IsUnspecified():
		return g.local[ip] || ip.IsLoopback()
	}
	return ip == g.bound.Addr()
}

// reaches tells whether the leg's socket can send to ip.
func (g *leg) reaches(ip netip.Addr) bool {
	own := g.bound.Addr()
	return own.Is4() == ip.Is4() || own.Is6() && own.IsUnspecified() // a socket on [::] speaks IPv4, too
}

// leave chooses the leg that messages to ip leave by.
func (f *Front) leave(inside bool, ip netip.Addr) *leg {
	for _, g := range f.legs {
		if (g.inside == inside || f.inner == 0) && g.reaches(ip) {
			return g
		}
	}
	return nil
}
