package json

import (
	"net"
	"net/netip"
	"sync"
)

// gate lets in who may register and has room. Of anybody else not a byte is
// read.
type gate struct {
	net.Listener
	server *Server
	limits Limits

	mu      sync.Mutex
	open    int
	sources map[netip.Addr]int
}

// Accept implements net.Listener.
func (g *gate) Accept() (net.Conn, error) {
	for {
		c, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		from := source(c.RemoteAddr().String())
		if g.server.Roster.Allowed(from) && g.enter(from) {
			return &visitor{Conn: c, leave: sync.OnceFunc(func() { g.leave(from) })}, nil
		}
		c.Close()
	}
}

func (g *gate) enter(from netip.Addr) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.open >= g.limits.Connections || g.sources[from] >= g.limits.PerSource {
		g.server.Roster.Alarm(from, "too many connections with JSON")
		return false
	}
	if g.sources == nil {
		g.sources = map[netip.Addr]int{}
	}
	g.open++
	g.sources[from]++
	return true
}

func (g *gate) leave(from netip.Addr) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open--
	if g.sources[from]--; g.sources[from] == 0 {
		delete(g.sources, from)
	}
}

// visitor is a connection that was let in.
type visitor struct {
	net.Conn
	leave func()
}

// Close implements net.Conn.
func (v *visitor) Close() error {
	defer v.leave()
	return v.Conn.Close()
}

// source is the address that "host:port" has; the zero Addr for anything else.
func source(hostPort string) netip.Addr {
	at, err := netip.ParseAddrPort(hostPort)
	if err != nil {
		return netip.Addr{}
	}
	return at.Addr().Unmap().WithZone("")
}
