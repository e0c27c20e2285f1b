package assembly

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"syscall"

	"twinhop/admin"
	"twinhop/cmd/twinhop/hearts"
	"twinhop/gateway/config"
	"twinhop/gateway/config/form"
	sipfront "twinhop/sip"
	"twinhop/sip/wire"
)

// sockets are all sockets of the process. They are bound before anything
// serves, so that a taken port stops the start and not the service.
type sockets struct {
	http               []net.Listener
	external, internal []sipfront.Listener
	admin, command     net.Listener // command is the socket of the command line
	hearts             hearts.Sockets
	open               []io.Closer
}

// bind opens what the configuration says; on an error nothing stays open.
func bind(ctx context.Context, c *config.Config, p places) (s *sockets, err error) {
	s = &sockets{}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	for _, l := range c.Listen.HTTP {
		ln, err := s.tcp(ctx, "listen.http", l.Addr)
		if err != nil {
			return s, err
		}
		s.http = append(s.http, ln)
	}
	if s.external, err = s.sip(ctx, "listen.sip.external", c.Listen.SIP.External, c.Listen.SIP.Shards); err != nil {
		return s, err
	}
	if s.internal, err = s.sip(ctx, "listen.sip.internal", c.Listen.SIP.Internal, c.Listen.SIP.Shards); err != nil {
		return s, err
	}
	if s.hearts, err = hearts.Listen(ctx, &c.Heartbeat, s.tcp); err != nil {
		return s, err
	}
	if c.Admin.Listen != "" {
		if s.admin, err = s.tcp(ctx, "admin.listen", c.Admin.Listen); err != nil {
			return s, err
		}
	}
	if s.command, err = admin.ListenUnix(p.socket); err != nil {
		return s, fmt.Errorf("listen for the command line: %w", err)
	}
	s.open = append(s.open, s.command)
	return s, nil
}

func (s *sockets) tcp(ctx context.Context, key, addr string) (net.Listener, error) {
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, network("tcp", addr), addr)
	if err != nil {
		return nil, unbound(key, err)
	}
	s.open = append(s.open, ln)
	return ln, nil
}

// sip opens the addresses of one side, each UDP one as often as it has shards.
func (s *sockets) sip(ctx context.Context, key string, urls []string, shards int) ([]sipfront.Listener, error) {
	var all []sipfront.Listener
	for _, u := range urls {
		transport, addr := form.SplitSIPURL(u)
		if transport != "udp" && transport != "tcp" {
			return nil, fmt.Errorf("%s: %s:// is not served by this version", key, transport)
		}
		if transport == "tcp" {
			ln, err := s.tcp(ctx, key, addr)
			if err != nil {
				return nil, err
			}
			all = append(all, sipfront.Listener{Stream: ln})
			continue
		}
		conns, err := wire.ListenShards(ctx, network("udp", addr), addr, shards)
		if err != nil {
			return nil, unbound(key, err)
		}
		for _, c := range conns {
			s.open = append(s.open, c)
		}
		all = append(all, sipfront.Listener{Conn: conns[0], Shards: conns[1:]})
	}
	return all, nil
}

// sipURL is the address of a SIP listener, as the configuration writes it.
func sipURL(l sipfront.Listener) string {
	if l.Stream != nil {
		return "tcp://" + l.Stream.Addr().String()
	}
	return "udp://" + l.Conn.LocalAddr().String()
}

// unbound says why a socket of the configuration could not be opened, and
// what helps.
func unbound(key string, err error) error {
	help := ""
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		help = ": another process has this port; end it, or choose another port"
	case errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM):
		help = ": ports below 1024 need the capability CAP_NET_BIND_SERVICE; grant it, or choose another port"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		help = ": this machine does not have the address"
	}
	return fmt.Errorf("%s: %w%s", key, err, help)
}

// network keeps 0.0.0.0 from meaning IPv6 too.
func network(base, addr string) string {
	host, _, err := net.SplitHostPort(addr)
	if ip, perr := netip.ParseAddr(host); err == nil && perr == nil && ip.Is4() {
		return base + "4"
	}
	return base
}

// close closes every socket; those that a server has closed stay closed.
func (s *sockets) close() error {
	var all []error
	for _, c := range s.open {
		if err := c.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			all = append(all, err)
		}
	}
	return errors.Join(all...)
}

// Addrs are the addresses that the sockets really have, whatever port was
// asked for.
type Addrs struct {
	HTTP, HTTPS        []string // host:port
	External, Internal []string // udp://host:port or tcp://host:port
	Admin              string   // host:port, "" when off
	Socket             string   // file of the command line's socket
	Heartbeats         []string // json://host:port, rmi://host:port
}

// Addrs tells where the gateway can be reached.
func (g *Gateway) Addrs() Addrs {
	a := Addrs{Socket: g.places.socket}
	for i, l := range g.sockets.http {
		if g.config.Listen.HTTP[i].TLS.On() {
			a.HTTPS = append(a.HTTPS, l.Addr().String())
		} else {
			a.HTTP = append(a.HTTP, l.Addr().String())
		}
	}
	for _, c := range g.sockets.external {
		a.External = append(a.External, sipURL(c))
	}
	for _, c := range g.sockets.internal {
		a.Internal = append(a.Internal, sipURL(c))
	}
	a.Heartbeats = g.sockets.hearts.URLs()
	if g.sockets.admin != nil {
		a.Admin = g.sockets.admin.Addr().String()
	}
	return a
}
