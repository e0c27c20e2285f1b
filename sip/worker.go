package sip

import (
	"bytes"
	"context"
	"encoding/binary"
	"net/netip"
	"slices"
	"time"

	"twinhop/gateway"
	"twinhop/gateway/cluster"
	"twinhop/gateway/groups"
	"twinhop/sip/answers"
	"twinhop/sip/flows"
	"twinhop/sip/legs"
	"twinhop/sip/locate"
	"twinhop/sip/meter"
	"twinhop/sip/peek"
	"twinhop/sip/seal"
	"twinhop/sip/stream"
	"twinhop/sip/stun"
	"twinhop/sip/whose"
	"twinhop/sip/wire"
	"twinhop/sip/witness"
)

// worker handles messages, one after the other: those of one UDP socket, or those of whatever connection has taken it out of the pool.
// Everything in it is reused; only what stands above the line outlives a message.
type worker struct {
	ctx         context.Context
	f           *Front
	shard       int          // which of a leg's UDP sockets to send by
	box         *wire.Outbox // what leaves with the next Flush
	edits       peek.Edits
	out         []byte       // what left last
	stretch     []byte       // room for what leaves by a connection
	loose       []byte       // a message as it was before a strict router had it, or as one wants it
	spare       []byte       // see reread
	toward      legs.Toward  // which local address the system uses toward a peer
	now         time.Time    // of the batch at hand; zero = not looked at yet
	sent        []delivery   // requests of this batch that may come back to us
	failed      []failure    // those that did
	spareFailed []failure    // see Flush
	other       *worker      // for what concerns another message than the one at hand
	left        peek.Message // a request as it left: see hopByHop
	again       bool         // the message was looked at before: it waited for a name, or could not be sent
	hints       seal.Hints
	targets     []locate.Target // see locate
	opening     bool            // the message at hand is the INVITE that the table of pending ones looks at

	leg     *legs.Leg    // it came by this one
	stream  *stream.Conn // and by this connection; nil = UDP, or it is gone
	flow    uint64       // its number
	msg     peek.Message
	ask     gateway.Ask
	needs   cluster.Needs    // of the question
	takes   bool             // there are any
	tried   []*cluster.Node  // that this message could not be sent to
	choice  gateway.Decision // for this message; with routed: it is being sent there, and may go elsewhere
	routed  bool
	asked   bool   // the choice was made just now: no repetition of what was sent
	scratch []byte // texts made from the message: decoded users, hint names
	src     netip.AddrPort
	set     *Settings
	view    *cluster.View
	pool    *cluster.Pool // that the message belongs to, see group; nil when the configured one does not exist
	finder  groups.Finder
	routes  routes
	uriIsUs bool
	uriName bool       // the Request-URI is a name of ours that no socket has
	uriHint bool       // the Request-URI is a Record-Route of ours, put there by a strict router
	inside  bool       // a node sent it
	down    flows.Down // the flow that it takes to its client
	sum     uint16     // see loopSum
	summed  bool
	unclear bool           // readers may differ on where the message ends
	made    bool           // the answer at hand is one of our own
	node    *cluster.Node  // the node that sent the message, if it can be told
	answer  netip.AddrPort // where the answer to this request goes
	far     netip.AddrPort // our own address as the sender sees it
	id      uint64         // the transaction, as our branches name it
	attempt int            // of the pending INVITE
	data    []byte         // the message as it came
	body    int            // where its body begins there
	size    int            // its bytes
	bond    seal.Bond
}

func newWorker(ctx context.Context, f *Front, g *legs.Leg) *worker {
	w := &worker{ctx: ctx, f: f, leg: g, box: new(wire.Outbox), scratch: make([]byte, 0, 4096)}
	w.box.Failed = w.returned
	w.finder = groups.Finder{Book: f.Router.Book, Store: f.Router.Store, Namer: f.Router.Namer}
	return w
}

// aside is a worker for another message than the one at hand. What it sends leaves with what w sends.
func (w *worker) aside() *worker {
	if w.other == nil {
		w.other = newWorker(w.ctx, w.f, w.leg)
		w.other.box = w.box
	}
	w.other.shard, w.other.now = w.shard, w.clock()
	return w.other
}

// clock is the time of the batch at hand.
func (w *worker) clock() time.Time {
	if w.now.IsZero() {
		w.now = time.Now()
	}
	return w.now
}

// Receive handles one datagram.
func (w *worker) Receive(data []byte, src netip.AddrPort) {
	if len(data) <= maxKeepAlive && len(bytes.Trim(data, "\r\n\x00")) == 0 {
		return // keep-alives (RFC 5626 section 4.4.1 has none to answer on UDP)
	}
	w.again, w.stream, w.flow, w.tried = false, nil, 0, w.tried[:0]
	if stun.Is(data) {
		w.keepAlive(data, src)
		return
	}
	w.handle(data, src)
}

// maxKeepAlive is how many bytes of nothing are taken for a sign of life; more of them are a message that cannot be read.
const maxKeepAlive = 64

func (w *worker) handle(data []byte, src netip.AddrPort) {
	f := w.f
	w.begin(src)
	w.inside = w.fromNode()
	if w.leg.Inside && !w.inside && !w.expects(data) {
		f.Metrics.Shed(stranger)
		return
	}
	inside := w.inside
	if !inside && !w.again && !w.admitted() {
		f.Metrics.Shed(tooFast)
		return
	}
	if bytes.HasPrefix(data, []byte("SIP/2.0 ")) {
		w.msg.Limits = &w.set.answers
	}
	reason := w.msg.Scan(data)
	w.data, w.body, w.size = data, w.msg.Body, len(data)
	switch reason {
	case peek.BareLine, peek.BadLength, peek.NoEnd, peek.BodyCut, peek.TooLong:
		w.unclear = true
	case peek.BadStart:
		w.unclear = !w.msg.Response && w.msg.Via.Host.Empty() // no SIP at all
	}
	if reason == peek.OK {
		w.saw()
	}
	if !w.again {
		w.passed(meter.Came(inside), w.leg, w.src, witness.Own{})
	}
	switch {
	case w.msg.Response && reason != peek.OK:
		f.Metrics.Shed(reason.String())
	case w.msg.Response:
		w.response()
	default:
		w.request(reason, inside)
	}
}

// passed tells of the message at hand, which came or has left, or of one of our own about it.
func (w *worker) passed(d meter.Direction, by *legs.Leg, peer netip.AddrPort, own witness.Own) {
	p := witness.Pass{Message: &w.msg, Direction: d, Own: own, By: by, Peer: peer, Node: w.node, View: w.view, In: w.data, Out: w.out}
	if w.f.Messages != nil {
		p.Call, p.At = w.callKey().Value, w.clock()
	}
	p.Tell(w.f.Metrics, w.f.Messages)
}

// begin forgets the last message.
func (w *worker) begin(src netip.AddrPort) {
	w.down = flows.Down{}
	w.src, w.scratch, w.node, w.attempt, w.summed, w.unclear, w.made, w.asked = src, w.scratch[:0], nil, 0, false, false, false, false
	w.set, w.view = w.f.settings.Load(), w.f.Router.Views()
	w.pool = w.view.Pool(w.set.Pool)
	w.msg.Limits = &w.set.Limits
}

// fromNode tells whether the sender stands on the node side, and finds out which node it is. With two ports the socket decides and the
// sender's IP address must be a node's; with one port the sender's whole address must be, or, on a connection, whose source port says
// nothing, the address that the message itself gives as its sender's: see isByVia.
func (w *worker) fromNode() bool {
	if !w.leg.Inside {
		if !w.f.legs.Single() {
			return false // on the port of the world everybody is a client
		}
		if w.leg.Web() {
			return false // browsers may run anywhere
		}
		w.node = w.view.At(w.src, cluster.SIP)
		return w.node != nil || w.set.besideAt(w.src)
	}
	if w.node = w.view.At(w.src, cluster.SIP); w.node != nil {
		return true
	}
	one, several := whose.On(w.view, w.src.Addr())
	if w.node = one; several {
		w.node = nil // the message may tell: see sender
	}
	return one != nil || w.set.beside(w.src.Addr())
}

// nodeAt finds the node a URI or Via names, alive or not.
func (w *worker) nodeAt(host []byte, port uint16) *cluster.Node { return whose.At(w.view, host, port) }

// isByVia tells whether a request in single-port mode that comes from the host of a node, or of a peer beside them, is that one's because
// the topmost Via names its address. For nodes that counts on connections alone, whose source cannot be forged and whose source port says
// nothing.
func (w *worker) isByVia() bool {
	if !w.f.legs.Single() || w.leg.Web() {
		return false
	}
	v := &w.msg.Via
	if len(w.set.Extra) > 0 {
		if ip, ok := peek.ParseIP(w.msg.Text(v.Host)); ok && ip == w.src.Addr() && w.set.besideAt(netip.AddrPortFrom(ip, w.viaPort(v))) {
			return true
		}
	}
	if !w.leg.Stream() {
		return false
	}
	n := w.nodeAt(w.msg.Text(v.Host), w.viaPort(v))
	if n == nil || n.Addr(cluster.SIP).Addr.Addr() != w.src.Addr() {
		return false
	}
	w.node = n
	w.saw()
	return true
}

// request handles a request after the checks that need no more than its bytes.
func (w *worker) request(reason peek.Reason, inside bool) {
	m := &w.msg
	if m.Via.Host.Empty() {
		w.f.Metrics.Shed(reason.String()) // nobody to answer
		return
	}
	w.answer = m.Via.Answer(w.src, w.leg.DefaultPort(), !w.leg.Stream())
	if !legs.Sendable(w.answer) {
		w.f.Metrics.Shed(noWay)
		return
	}
	if w.far = w.self(w.leg, w.src.Addr()); !w.far.IsValid() {
		w.f.Metrics.Shed(noWay) // an invented sender, and no reason to blame a node
		return
	}
	w.identify()
	switch {
	case w.leg.Inside && reason == peek.OK && w.beats():
		return
	case w.leg.Inside && !inside:
		w.f.Metrics.Shed(stranger)
		return
	}
	if reason != peek.OK {
		w.f.Metrics.Shed(reason.String())
		w.reply(answers.Reason(reason))
		return
	}
	if inside = inside || w.isByVia(); !inside && !w.welcome() {
		return
	}
	if !w.orient(inside) {
		w.reply(answers.BadRequest)
		return
	}
	forUs := m.Method == peek.Options && (w.uriIsUs || w.uriName) && m.URI.User.Empty() && !w.routes.more
	switch {
	case w.routes.overlong:
		w.reply(answers.BadRequest)
	case forUs && w.f.draining.Load():
		w.reply(answers.Closing) // as an INVITE would be (RFC 3261 section 11.2): who probes us sends calls elsewhere
	case forUs && !w.serving():
		w.reply(answers.NoNode)
	case forUs:
		w.reply(answers.Alive)
	case m.MaxForwards == 0:
		w.reply(answers.TooManyHops)
	case w.loops():
		w.reply(answers.Loop)
	case m.ProxyRequire.LineEnd != 0 && m.Method != peek.Ack && m.Method != peek.Cancel:
		w.reply(answers.BadExtension)
	case inside:
		w.outward()
	default:
		if w.stream != nil {
			w.f.flows.Hear(m, w.leg, w.stream)
		}
		w.inward()
	}
}

// orient finds out where a request wants to go. It is false when that cannot be read.
func (w *worker) orient(inside bool) bool {
	w.inside = inside
	w.readRoutes()
	if w.uriHint && w.msg.Routes.Count > 0 && !w.loosen() {
		return false
	}
	if (len(w.set.groups) > 0 || len(w.routes.pool) > 0) && !inside && w.kind() != gateway.Open {
		w.group("")
	}
	return !w.routes.more || w.routes.loose || !inside && w.target() == nil || w.tighten()
}

// serving tells whether any node can take a call.
func (w *worker) serving() bool {
	if w.pool != nil && usable(w.pool) {
		return true
	}
	return slices.ContainsFunc(w.set.groups, func(name string) bool { p := w.view.Pool(name); return p != nil && usable(p) })
}

func usable(p *cluster.Pool) bool {
	return slices.ContainsFunc(p.Members, func(m *cluster.Member) bool { return m.Usable(cluster.SIP) })
}

// viaPort is the port of a sent-by.
func (w *worker) viaPort(v *peek.Via) uint16 {
	if v.Port != 0 {
		return uint16(v.Port)
	}
	t, _ := legs.Read(w.msg.Text(v.Transport))
	return t.DefaultPort()
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
	if br := m.Text(m.Via.Branch); len(br) <= len(seal.Cookie) || string(br[:len(seal.Cookie)]) != seal.Cookie {
		b = append(b, m.Text(m.URI.Span)...) // a peer of RFC 2543, whose branches are not unique
	}
	w.id = w.f.keys.Transaction(b)
	w.bond = w.f.keys.Bind(w.answer, m.Text(m.CallID))
	if len(w.set.groups) > 0 {
		w.booked()
	}
}

// self is the address of a leg as the peer must see it: never the unspecified one.
func (w *worker) self(g *legs.Leg, peer netip.Addr) netip.AddrPort {
	if !g.Bound.Addr().IsUnspecified() {
		return g.Bound
	}
	return w.toward.Find(g, peer, w.clock())
}
