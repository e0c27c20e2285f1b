package witness

import (
	"net/netip"
	"time"

	"twinhop/gateway/cluster"
	"twinhop/gateway/trace/messages"
	"twinhop/sip/legs"
	"twinhop/sip/meter"
	"twinhop/sip/peek"
)

// Pass is a message that came or has left.
type Pass struct {
	Message   *peek.Message // it, as it came, or the one that Own is about
	Direction meter.Direction
	Own       Own // with meter.Own
	By        *legs.Leg
	Peer      netip.AddrPort
	Call      string        // the Call-ID, as keys of sessions have it
	At        time.Time     // when the message came, or the batch that it was in; zero: now
	Node      *cluster.Node // the sender, if it is one
	View      *cluster.View
	In, Out   []byte // the message as it came, and as it left
}

// Own is a message that the gateway made itself.
type Own struct {
	Method peek.Method // of the transaction
	Code   int         // of an answer; 0: a request
	Data   []byte      // nil: it is Out
}

// Tell counts the message and has it remembered. Both may be nil.
func (p *Pass) Tell(m *meter.Metrics, log *messages.Log) {
	own := p.Own
	switch {
	case p.Direction == meter.Own:
	case p.Message.Response:
		own = Own{Method: p.Message.CSeqMethod, Code: p.Message.Status}
	default:
		own = Own{Method: p.Message.Method}
	}
	m.Passed(uint8(p.By.Transport), p.Direction, own.Method, own.Code)
	if log == nil || p.Call == "" {
		return
	}
	x := messages.Message{Call: p.Call, Method: own.Method.String(), Status: own.Code, CSeq: p.Message.CSeq, Out: p.Direction >= meter.Outbound,
		Peer: p.Peer, Local: p.By.Bound, Transport: p.By.Transport.String(), Data: own.Data}
	node := p.View.At(p.Peer, cluster.SIP)
	switch {
	case !x.Out:
		x.At, x.Data = p.At, p.In
		if p.Node != nil {
			node = p.Node
		}
	case x.Data == nil:
		x.Data = p.Out
	}
	if p.Direction == meter.Inbound || p.Direction == meter.Outbound {
		x.Came = p.In
	}
	if node != nil {
		x.Node = node.Name
	}
	x.Inside = p.Direction == meter.FromNode || p.Direction == meter.Inbound || p.Direction == meter.Own && (node != nil || p.By.Inside)
	log.Message(&x)
}
