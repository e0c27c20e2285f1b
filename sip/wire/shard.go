package wire

import (
	"context"
	"fmt"
	"net"
)

// ListenShards opens n UDP sockets on one address ("udp", "udp4" or "udp6"), among which the system spreads what arrives by the peer's
// address: one peer's datagrams stay in order on one socket. Each must be received on, or its share is lost. n = 1 is an ordinary socket;
// it is all there is where the system cannot spread. An address that is in use is an error, also when its user would share it.
func ListenShards(ctx context.Context, network, addr string, n int) ([]net.PacketConn, error) {
	var plain net.ListenConfig
	first, err := plain.ListenPacket(ctx, network, addr)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", addr, err)
	}
	if n <= 1 || !canShare {
		return []net.PacketConn{first}, nil
	}
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		first.Close()
		return nil, fmt.Errorf("listen on %s: %w", addr, err)
	}
	_, port, _ := net.SplitHostPort(first.LocalAddr().String()) // addr may have said 0
	if err := first.Close(); err != nil {
		return nil, fmt.Errorf("listen on %s: %w", addr, err)
	}
	shared := net.ListenConfig{Control: share}
	conns := make([]net.PacketConn, 0, n)
	for range n {
		c, err := shared.ListenPacket(ctx, network, net.JoinHostPort(host, port))
		if err != nil {
			for _, c := range conns {
				c.Close()
			}
			return nil, fmt.Errorf("listen on %s: %w", addr, err)
		}
		conns = append(conns, c)
	}
	return conns, nil
}
