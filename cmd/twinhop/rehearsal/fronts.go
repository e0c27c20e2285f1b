package rehearsal

import (
	"crypto/rand"
	"errors"
	"net"
	"net/netip"

	"twinhop/cmd/twinhop/sipwords"
	"twinhop/gateway/config"
	"twinhop/gateway/config/form"
	httpfront "twinhop/http"
	"twinhop/http/h1"
	sipfront "twinhop/sip"
	"twinhop/sip/seal"
)

// Fronts are those that a configuration would have; nothing is opened. nil: it has none.
func Fronts(c *config.Config) (web *httpfront.Front, sip *sipfront.Front) {
	if len(c.Listen.HTTP) > 0 {
		web = &httpfront.Front{Local: map[string]httpfront.LocalHandler{}, Handlers: map[string]httpfront.LocalHandler{}, StandIn: &h1.Client{}}
		if path := c.Listen.SIP.WebSocket; path != "" {
			web.Local[path] = nil
		}
		for i := range c.Mounts {
			if name := c.Mounts[i].Status; name != "" {
				web.Handlers[name] = nil
			}
		}
	}
	if l := &c.Listen.SIP; l.On() {
		var key seal.Secrets
		rand.Read(key.Current[:])
		sip = &sipfront.Front{Secrets: key, Aliases: sipwords.Aliases(l.Aliases), Web: sipwords.Web(&c.Limits, func(net.Conn) ([]byte, error) { return nil, errors.ErrUnsupported }),
			External: sipwords.Advertise(unopened(l.External), l.Advertise.External, l.Advertise), Internal: sipwords.Advertise(unopened(l.Internal), l.Advertise.Internal, l.Advertise)}
	}
	return web, sip
}

// unopened are listeners that are not listened on. Of a name it is not known here what address it has.
func unopened(urls []string) (all []sipfront.Listener) {
	for _, u := range urls {
		transport, addr := form.SplitSIPURL(u)
		at, err := netip.ParseAddrPort(addr)
		if err != nil {
			_, port, _ := net.SplitHostPort(addr)
			if at, err = netip.ParseAddrPort("0.0.0.0:" + port); err != nil {
				continue
			}
		}
		if transport == "udp" {
			all = append(all, sipfront.Listener{Conn: nowhere{at: net.UDPAddrFromAddrPort(at)}, Transport: transport})
		} else {
			all = append(all, sipfront.Listener{Addr: net.TCPAddrFromAddrPort(at), Transport: transport})
		}
	}
	return all
}

// nowhere is a socket that nobody has.
type nowhere struct {
	net.PacketConn
	at net.Addr
}

func (n nowhere) LocalAddr() net.Addr { return n.at }
