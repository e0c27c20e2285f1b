package sockets

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

// Sockets are all sockets of the process. They are bound before anything
// serves, so that a taken port stops the start and not the service.
type Sockets struct {
	HTTP               []net.Listener      // plain, as those of SIP: who serves them speaks TLS
	External, Internal []sipfront.Listener // with their transports
	Admin, Command     net.Listener        // Command is the socket of the command line
	Hearts             hearts.Sockets

	open []io.Closer
}

// Bind opens what the configuration says, and the command line's socket in the
// file command; on an error nothing stays open.
func Bind(ctx context.Context, c *config.Config, command string) (s *Sockets, err error) {
	s = &Sockets{}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	for _, l := range c.Listen.HTTP {
		ln, err := s.tcp(ctx, "listen.http", l.Addr)
		if err != nil {
			return s, err
		}
		s.HTTP = append(s.HTTP, ln)
	}
	if s.External, err = s.sip(ctx, "listen.sip.external", c.Listen.SIP.External, c.Listen.SIP.Shards); err != nil {
		return s, err
	}
	if s.Internal, err = s.sip(ctx, "listen.sip.internal", c.Listen.SIP.Internal, c.Listen.SIP.Shards); err != nil {
		return s, err
	}
	if s.Hearts, err = hearts.Listen(ctx, &c.Heartbeat, s.tcp); err != nil {
		return s, err
	}
	if c.Admin.Listen != "" {
		if s.Admin, err = s.tcp(ctx, "admin.listen", c.Admin.Listen); err != nil {
			return s, err
		}
	}
	if s.Command, err = admin.ListenUnix(command); err != nil {
		return s, fmt.Errorf("listen for the command line: %w", err)
	}
	s.open = append(s.open, s.Command)
	return s, nil
}

func (s *Sockets) tcp(ctx context.Context, key, addr string) (net.Listener, error) {
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, network("tcp", addr), addr)
	if err != nil {
		return nil, unbound(key, err)
	}
	s.open = append(s.open, ln)
	return ln, nil
}

// sip opens the addresses of one side, each UDP one as often as it has shards.
func (s *Sockets) sip(ctx context.Context, key string, urls []string, shards int) ([]sipfront.Listener, error) {
	var all []sipfront.Listener
	for _, u := range urls {
		transport, addr := form.SplitSIPURL(u)
		if transport != "udp" {
			ln, err := s.tcp(ctx, key, addr)
			if err != nil {
				return nil, err
			}
			all = append(all, sipfront.Listener{Stream: ln, Transport: transport})
			continue
		}
		conns, err := wire.ListenShards(ctx, network("udp", addr), addr, shards)
		if err != nil {
			return nil, unbound(key, err)
		}
		for _, c := range conns {
			s.open = append(s.open, c)
		}
		all = append(all, sipfront.Listener{Conn: conns[0], Shards: conns[1:], Transport: transport})
	}
	return all, nil
}

// sipURL is the address of a SIP listener, as the configuration writes it.
func sipURL(l sipfront.Listener) string {
	if l.Stream != nil {
		return l.Transport + "://" + l.Stream.Addr().String()
	}
	return l.Transport + "://" + l.Conn.LocalAddr().String()
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

// Close closes every socket; those that a server has closed stay closed.
func (s *Sockets) Close() error {
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
	External, Internal []string // udp://host:port, or with tcp, tls, ws or wss in front
	WebSocket          []string // ws://host:port/path, wss://host:port/path: where HTTP listeners take SIP
	Admin              string   // host:port, "" when off
	Socket             string   // file of the command line's socket
	Heartbeats         []string // json://host:port, rmi://host:port
}

// Addrs tells where the process can be reached that was bound for c.
func (s *Sockets) Addrs(c *config.Config) Addrs {
	a := Addrs{Socket: s.Command.Addr().String()}
	for i, l := range s.HTTP {
		at, path := l.Addr().String(), c.Listen.SIP.WebSocket
		scheme := "ws://"
		if c.Listen.HTTP[i].TLS.On() {
			a.HTTPS, scheme = append(a.HTTPS, at), "wss://"
		} else {
			a.HTTP = append(a.HTTP, at)
		}
		if path != "" && c.Listen.HTTP[i].HTTPS == 0 {
			a.WebSocket = append(a.WebSocket, scheme+at+path)
		}
	}
	for _, l := range s.External {
		a.External = append(a.External, sipURL(l))
	}
	for _, l := range s.Internal {
		a.Internal = append(a.Internal, sipURL(l))
	}
	a.Heartbeats = s.Hearts.URLs()
	if s.Admin != nil {
		a.Admin = s.Admin.Addr().String()
	}
	return a
}
