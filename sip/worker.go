package sip

import (
	"bytes"
	"context"
	"encoding/binary"
	"net"
	"net/netip"

	"twinhop/gateway"
	"twinhop/gateway/cluster"
	"twinhop/sip/peek"
)

// worker handles the messages of one socket, one after the other. Everything in it is reused; only what stands above the line outlives a
// message.
type worker struct {
	ctx     context.Context
	f       *Front
	leg     *leg
	edits   peek.Edits
	out     []byte
	loose   []byte                 // a message as it was before a strict router had it
	toward  map[peerKey]netip.Addr // which local address the system uses toward a peer
	waiting bool                   // the message waited for a name already

	msg     peek.Message
	ask     gateway.Ask
	scratch []byte // texts made from the message: decoded users, hint names
	src     netip.AddrPort
	set     *Settings
	view    *cluster.View
	pool    *cluster.Pool // nil when the configured one does not exist
	routes  routes
	uriIsUs bool
	// uriIsRecorded: the Request-URI is a Record-Route of ours, put there by a strict router.
	uriIsRecorded bool
	node          *cluster.Node  // the node that sent the message, if it can be told
	answer        netip.AddrPort // where the answer to this request goes
	far           netip.AddrPort // our own address as the sender sees it
	id            uint64         // the transaction, as our branches name it
}

type peerKey struct {
	leg int
	ip  netip.Addr
}

// maxToward bounds the memory of local addresses; beyond it is forgotten as a whole.
const maxToward = 4096

func newWorker(ctx context.Context, f *Front, g *leg) *worker {
	return &worker{ctx: ctx, f: f, leg: g, toward: make(map[peerKey]netip.Addr), scratch: make([]byte, 0, 4096), out: make([]byte, 0, 4096)}
}

// Receive handles one datagram.
func (w *worker) Receive(data []byte, src netip.AddrPort) {
	if len(bytes.Trim(data, "\r\n\x00")) == 0 {
		return // keep-alives (RFC 5626 section 4.4.1 has none to answer on UDP)
	}
	w.waiting = false
	w.handle(data, src)
}

func (w *worker) handle(data []byte, src netip.AddrPort) {
	f := w.f
	w.src, w.scratch, w.node = src, w.scratch[:0], nil
	w.set, w.view = f.settings.Load(), f.Router.Views()
	w.pool = w.view.Pool(w.set.Pool)
	inside := w.fromNode()
	if w.leg.inside && !inside {
		f.Metrics.shed(stranger)
		return
	}
	reason := w.msg.Scan(data)
	if !w.waiting {
		f.Metrics.received(&w.msg, inside)
	}
	switch {
	case w.msg.Response && reason != peek.OK:
		f.Metrics.shedReason(reason)
	case w.msg.Response:
		w.response()
	default:
		w.request(reason, inside)
	}
}

// fromNode tells whether the sender stands on the node side, and finds out which node it is. With two ports the socket decides and the
// sender's IP address must be a node's; with one port the sender's whole address must be.
func (w *worker) fromNode() bool {
	w.node = w.view.At(w.src, cluster.SIP)
	extra := among(w.set.Extra, w.src.Addr())
	if !w.leg.inside {
		if w.f.inner > 0 {
			w.node = nil // on the port of the world everybody is a client
			return false
		}
		return w.node != nil || extra
	}
	if w.node != nil {
		return true
	}
	one, several := w.nodeOn(w.src.Addr())
	if w.node = one; several {
		w.node = nil // the message may tell: see sender
	}
	return one != nil || extra
}

// nodeOn finds the node on a host, if it is the only one there.
func (w *worker) nodeOn(ip netip.Addr) (one *cluster.Node, several bool) {
	for _, n := range w.view.Nodes {
		for _, a := range n.Addrs(cluster.SIP) {
			if a.Addr.Addr() == ip {
				if one != nil && one != n {
					return one, true
				}
				one = n
			}
		}
	}
	return one, false
}

// nodeAt finds the node a URI or Via names, alive or not.
func (w *worker) nodeAt(host []byte, port uint16) *cluster.Node {
	if ip, ok := peek.ParseIP(host); ok {
		return w.view.At(netip.AddrPortFrom(ip, port), cluster.SIP)
	}
	for _, n := range w.view.Nodes {
		for _, a := range n.Addrs(cluster.SIP) {
			if a.Addr.Port() == port && foldEqual(host, a.Host) {
				return n
			}
		}
	}
	return nil
}

// request handles a request after the checks that need no more than its bytes.
func (w *worker) request(reason peek.Reason, inside bool) {
	m := &w.msg
	if m.Via.Host.Empty() {
		w.f.Metrics.shedReason(reason) // nobody to answer
		return
	}
	w.answer = answerAddr(&m.Via, w.src)
	if !sendable(w.answer) {
		w.f.Metrics.shed(noWay)
		return
	}
	if w.far = w.self(w.leg, w.src.Addr()); !w.far.IsValid() {
		w.f.Metrics.shed(noWay) // an invented sender, and no reason to blame a node
		return
	}
	w.identify()
	if reason != peek.OK {
		w.f.Metrics.shedReason(reason)
		w.reply(reasonStatus(reason))
		return
	}
	if w.readRoutes(); w.uriIsRecorded && w.routes.more && !w.loosen() {
		w.reply(badRequest)
		return
	}
	forUs := m.Method == peek.Options && w.uriIsUs && m.URI.User.Empty() && !w.routes.more
	switch {
	case w.routes.overlong:
		w.reply(badRequest)
	case forUs && w.f.draining.Load():
		w.reply(closing) // as an INVITE would be (RFC 3261 section 11.2): who probes us sends calls elsewhere
	case forUs:
		w.reply(alive)
	case m.MaxForwards == 0:
		w.reply(tooManyHops)
	case m.ProxyRequire.LineEnd != 0 && m.Method != peek.Ack && m.Method != peek.Cancel:
		w.reply(badExtension)
	case inside:
		w.outward()
	default:
		w.inward()
	}
}

// answerAddr is where the answer to a request goes (RFC 3261 section 18.2.2, RFC 3581 section 4): always to the host it came from.
func answerAddr(v *peek.Via, src netip.AddrPort) netip.AddrPort {
	if v.RPortEnd != 0 {
		return src
	}
	port := uint16(defaultPort)
	if v.Port != 0 {
		port = uint16(v.Port)
	}
	return netip.AddrPortFrom(src.Addr(), port)
}

// identify computes the transaction's name: equal for retransmissions, for the CANCEL and for the ACK of a refusal, whatever gateway with
// the same secret does it (RFC 3261 section 16.11). Neither method nor To tag takes part.
func (w *worker) identify() {
	m := &w.msg
	b := w.scratch[len(w.scratch):]
	for _, s := range [...]peek.Span{m.Via.Branch, m.Via.HostPort(), m.CallID, m.From.Tag} {
		b = append(append(b, m.Text(s)...), 0)
	}
	b = binary.BigEndian.AppendUint32(b, m.CSeq)
	if br := m.Text(m.Via.Branch); len(br) <= len(cookie) || string(br[:len(cookie)]) != cookie {
		b = append(b, m.Text(m.URI.Span)...) // a peer of RFC 2543, whose branches are not unique
	}
	w.id = w.f.keys.call.hash(b)
}

// self is the address of a leg as the peer must see it: never the unspecified one.
func (w *worker) self(g *leg, peer netip.Addr) netip.AddrPort {
	if !g.bound.Addr().IsUnspecified() {
		return g.bound
	}
	k := peerKey{g.index, peer}
	ip, ok := w.toward[k]
	if !ok {
		if ip = localToward(peer); !ip.IsValid() {
			return netip.AddrPort{}
		}
		if len(w.toward) >= maxToward {
			clear(w.toward)
		}
		w.toward[k] = ip
	}
	return netip.AddrPortFrom(ip, g.bound.Port())
}

// localToward asks the system which address it would use; no packet is sent.
func localToward(peer netip.Addr) netip.Addr {
	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(peer, defaultPort)))
	if err != nil {
		return netip.Addr{}
	}
	defer c.Close()
	return c.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap()
}

// Flush ends a batch of datagrams.
func (w *worker) Flush() {}
