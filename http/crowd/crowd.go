package crowd

import (
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"
)

// Limits bound the connections that are open at a time. 0: no limit.
type Limits struct {
	Total     int
	PerSource int // of one IPv4 address or IPv6 /64
}

// Crowd counts the connections of all its listeners together. Its exported
// fields are set before it is used.
type Crowd struct {
	Exempt func(netip.Addr) bool // from Limits.PerSource; nil: nobody is
	Log    *slog.Logger          // nil: silent

	mu      sync.Mutex // guards what follows
	limits  Limits
	sources map[netip.Prefix]int
	stats   Stats
	told    time.Time // when the log was last told of a refusal
}

// Stats counts what happened since the Crowd was made; Open is what is so now.
type Stats struct {
	Open          int64
	Accepted      int64
	RefusedTotal  int64 // closed at once for Limits.Total
	RefusedSource int64 // closed at once for Limits.PerSource
}

// Apply replaces the limits. Connections that are open stay, also beyond them.
func (c *Crowd) Apply(l Limits) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.limits = l
}

// Stats may be called at any time.
func (c *Crowd) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stats
}

// Listener makes a listener of l whose connections are counted. Those that are
// too many are closed, and Accept waits on.
func (c *Crowd) Listener(l net.Listener) net.Listener { return &listener{l, c} }

type listener struct {
	net.Listener
	crowd *Crowd
}

func (l *listener) Accept() (net.Conn, error) {
	for {
		nc, err := l.Listener.Accept()
		tcp, ok := nc.(*net.TCPConn)
		if err != nil || !ok {
			return nc, err
		}
		if from, in := l.crowd.enter(tcp.RemoteAddr()); in {
			return &conn{TCPConn: tcp, crowd: l.crowd, from: from}, nil
		}
		tcp.Close()
	}
}

// conn leaves the crowd when it is closed.
type conn struct {
	*net.TCPConn
	crowd *Crowd
	from  netip.Prefix
	once  sync.Once
}

// NetConn is the connection that is counted.
func (c *conn) NetConn() net.Conn { return c.TCPConn }

func (c *conn) Close() error {
	c.once.Do(func() { c.crowd.leave(c.from) })
	return c.TCPConn.Close()
}

// source is an IPv4 address, or the network that one subscriber has of IPv6.
func source(a net.Addr) (ip netip.Addr, from netip.Prefix) {
	if t, ok := a.(*net.TCPAddr); ok {
		ip = t.AddrPort().Addr().Unmap().WithZone("")
	}
	bits := 32
	if ip.Is6() {
		bits = 64
	}
	from, _ = ip.Prefix(bits)
	return ip, from
}

const quiet = 10 * time.Second // between two words in the log

// enter counts a connection unless there are too many.
func (c *Crowd) enter(a net.Addr) (from netip.Prefix, in bool) {
	ip, from := source(a)
	c.mu.Lock()
	why := ""
	switch {
	case c.limits.Total > 0 && c.stats.Open >= int64(c.limits.Total):
		c.stats.RefusedTotal++
		why = "limits.http.connections"
	case c.limits.PerSource > 0 && c.sources[from] >= c.limits.PerSource && !c.exempt(ip):
		c.stats.RefusedSource++
		why = "limits.http.connectionsPerSource"
	default:
		if c.sources == nil {
			c.sources = map[netip.Prefix]int{}
		}
		c.sources[from]++
		c.stats.Open++
		c.stats.Accepted++
	}
	now := time.Now()
	tell := why != "" && c.Log != nil && (c.told.IsZero() || now.Sub(c.told) >= quiet)
	if tell {
		c.told = now
	}
	c.mu.Unlock()
	if tell {
		c.Log.Warn("connections of clients are refused", "limit", why, "source", from)
	}
	return from, why == ""
}

func (c *Crowd) exempt(ip netip.Addr) bool { return c.Exempt != nil && c.Exempt(ip) }

func (c *Crowd) leave(from netip.Prefix) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stats.Open--
	if c.sources[from]--; c.sources[from] <= 0 {
		delete(c.sources, from)
	}
}
