package sip

import (
	"errors"
	"net"
	"net/netip"
	"time"

	"twinhop/gateway"
	"twinhop/sip/answers"
	"twinhop/sip/flows"
	"twinhop/sip/legs"
	"twinhop/sip/peek"
	"twinhop/sip/seal"
	"twinhop/sip/stun"
)

// touchTicks are between two looks at the pages of WebSockets.
const touchTicks = int(15 * time.Second / tick)

// Adopt serves a connection that was made a WebSocket elsewhere, and closes it when it cannot. early is what was read of it. ev are the keys of
// the page's request, and hint is the route of its session id: SIP that comes by the connection goes to the node of that session, wherever
// that is by then. Without keys the connection belongs to nobody.
func (f *Front) Adopt(conn net.Conn, early []byte, ev []gateway.Evidence, hint gateway.Hint) error {
	if !f.ready.Load() {
		conn.Close()
		return net.ErrClosed
	}
	return f.flows.Adopt(conn, early, flows.Page{Evidence: ev, Hint: hint}, f.settings.Load().Pool)
}

// readToken reads the token in a Route or Request-URI of ours. From anybody but nodes it means nothing: a stranger who has seen one gets
// nowhere with it.
func (w *worker) readToken(u peek.URI) {
	m, r := &w.msg, &w.routes
	if !w.inside || u.Params.Empty() {
		return
	}
	if v, found := peek.Param(m.Buf, u.Params, flows.Param); found {
		r.token = true
		r.flow, r.signed = w.f.keys.ReadFlow(m.Text(v), m.Text(m.CallID))
	}
}

// leadsOn tells whether a Route of ours in a client's request is of another time that the call came by, from a node to another client: that
// pair stays, for it is what leads the node, and us after it, to that client.
func (w *worker) leadsOn(i int) bool {
	m := &w.msg
	if w.inside || i+1 >= m.Routes.Stored() {
		return false
	}
	u := m.AddrURI(m.Routes.At(i + 1).Span)
	_, found := peek.Param(m.Buf, u.Params, flows.Param)
	return found && w.f.legs.Self(m.Text(u.Host), w.portOf(u))
}

// flowHop finds the flow of a request that is for a client who cannot be called: by the token in its Route, or by a host that nobody may look
// up. meant is false when it is not for such a one; when ok is false as well it was refused (RFC 5626 section 5.3.1).
func (w *worker) flowHop() (to legs.Hop, meant, ok bool) {
	m, r, u := &w.msg, &w.routes, w.msg.URI
	if r.more && !r.strict {
		u = r.next
	}
	switch {
	case r.token && !r.signed:
		w.reply(answers.Forbidden)
		return to, true, false
	case r.token:
		w.down, ok = w.f.flows.Follow(r.flow)
	case u.OK && flows.Invalid(m.Text(u.Host)):
		w.down, ok = w.f.flows.Named(m.Text(u.User), m.Text(u.Host))
	default:
		return to, false, false
	}
	if !ok {
		w.reply(answers.FlowFailed)
	}
	return w.down.To, true, ok
}

// sendOn is send for what may go down a flow: by that connection and no other.
func (w *worker) sendOn(by *legs.Leg, to legs.Hop) error {
	s := w.down.Conn
	if s == nil || w.f.played != nil {
		return w.send(by, to)
	}
	w.stretch = w.edits.Apply(w.stretch[:0], &w.msg)
	w.out = w.stretch
	return s.Send(w.out)
}

// broken tells that a flow has ended just now.
func (w *worker) broken(err error) bool { return w.down.Conn != nil && errors.Is(err, net.ErrClosed) }

// token names the flow to the client of a dialog that begins, if he can be reached by no other way: nothing else tells his connection later.
func (w *worker) token(room []byte) []byte {
	f := w.down.Flow
	switch {
	case w.inside && w.down.Leg == nil:
		return nil
	case !w.inside:
		if f = flows.Of(w.leg, w.flow, w.src); w.leg.Stream() && f.Conn == 0 || !flows.Leans(&w.msg, w.leg, w.src) {
			return nil
		}
	}
	return w.f.keys.AppendFlow(room, f, w.msg.Text(w.msg.CallID))
}

// path puts us into the way back to a client that registers, and the flow by which that way ends.
func (w *worker) path(by *legs.Leg, near netip.AddrPort) {
	var room [seal.MaxFlow]byte
	flows.Path(&w.edits, &w.msg, flows.Ends{Side: by, Near: near, Client: w.leg, Src: w.src,
		Token: w.f.keys.AppendFlow(room[:0], flows.Of(w.leg, w.flow, w.src), nil)})
}

// keepAlive answers a STUN request, by which a client learns that the address translation before it still lets us through (RFC 5626 section
// 4.4.2), as often as it may send messages.
func (w *worker) keepAlive(data []byte, src netip.AddrPort) {
	w.begin(src)
	if !w.admitted() {
		w.f.Metrics.Shed(tooFast)
		return
	}
	if out, ok := stun.Answer(w.box.Room(), data, src); ok && legs.Sendable(src) {
		w.box.Put(w.leg.Socks[w.shard%len(w.leg.Socks)], out, src)
	}
}
