package hearts

import (
	"context"
	"net"
	"slices"
	"strconv"

	"twinhop/gateway/config"
)

// Sockets are the listeners of heartbeats; nil: not asked for.
type Sockets struct {
	JSON              net.Listener
	Registry, Objects net.Listener // of RMI
}

// Listen binds what h asks for. bind opens a TCP socket for a key of the
// configuration, and closes it when the process ends.
func Listen(ctx context.Context, h *config.Heartbeat, bind func(ctx context.Context, key, addr string) (net.Listener, error)) (s Sockets, err error) {
	if h.JSON.Listen != "" {
		if s.JSON, err = bind(ctx, "heartbeat.json.listen", h.JSON.Listen); err != nil {
			return s, err
		}
	}
	if h.RMI.Listen == "" {
		return s, nil
	}
	if s.Registry, err = bind(ctx, "heartbeat.rmi.listen", h.RMI.Listen); err != nil {
		return s, err
	}
	host, _, _ := net.SplitHostPort(h.RMI.Listen) // the configuration was checked
	s.Objects, err = bind(ctx, "heartbeat.rmi.objectPort", net.JoinHostPort(host, strconv.Itoa(h.RMI.ObjectPort)))
	return s, err
}

// URLs are the addresses that the sockets have, whatever port was asked for.
func (s *Sockets) URLs() []string {
	var all []string
	for scheme, l := range map[string]net.Listener{"json": s.JSON, "rmi": s.Registry} {
		if l != nil {
			all = append(all, scheme+"://"+l.Addr().String())
		}
	}
	slices.Sort(all)
	return all
}
