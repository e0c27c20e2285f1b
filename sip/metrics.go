package sip

import (
	"github.com/prometheus/client_golang/prometheus"

	"twinhop/sip/guard"
	"twinhop/sip/legs"
	"twinhop/sip/meter"
	"twinhop/sip/pending"
	"twinhop/sip/stream"
)

// Metrics counts what passes. A nil *Metrics counts nothing.
type Metrics = meter.Metrics

// NewMetrics registers the metrics of the SIP front.
func NewMetrics(reg prometheus.Registerer) (*Metrics, error) { return meter.New(reg, legs.Words()) }

// Reasons for dropping a message without an answer, beside those of peek, or for refusing it when there is too much of everything.
const (
	stranger        = "stranger"         // on the node side, from who is no node
	foreignResponse = "foreign_response" // a response to what we did not forward
	nobodyLeft      = "no_node"          // a response for a dead node whose call nobody can take
	noWay           = "no_way"           // no socket reaches the peer
	slowQueue       = "slow_queue"       // too many messages wait for names
	sendQueue       = "send_queue"       // the system's send buffers are full
	unreachable     = "unreachable"      // the system says that nobody took a datagram
	connectionLost  = "connection_lost"  // a message that was on its way when its connection broke
	garbled         = "garbled"          // a connection's bytes cannot be cut into messages
	tooFast         = "source_rate"      // of a source that sends more than it may, or is banned
	scanner         = "scanner"          // a scanner that says so
	tooManyRefusals = "refusal_budget"   // an answer that was not made: its source had enough of them
)

// overload are the reasons for refusing something new because all sources together send too much.
var overload = [guard.Classes]string{"overload_probe", "overload_message", "overload_register", "overload_invite", "overload"}

// Collector returns the metrics of what the front has in hand and keeps out. There are none before Run.
func (f *Front) Collector() prometheus.Collector {
	l := &f.limits
	return meter.Group{Kinds: []prometheus.Collector{new(pending.Table), new(stream.Pool), &l.sources, &l.scanners}, Parts: func() (list []prometheus.Collector) {
		if !f.ready.Load() {
			return nil
		}
		for _, g := range f.legs.All {
			if g.Streams != nil {
				list = append(list, g.Streams)
			}
		}
		return append(list, f.pending, &l.sources, &l.scanners)
	}}
}
