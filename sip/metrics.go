package sip

import (
	"fmt"
	"strconv"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"twinhop/sip/guard"
	"twinhop/sip/peek"
	"twinhop/sip/pending"
	"twinhop/sip/stream"
)

// Metrics counts what passes. A nil *Metrics counts nothing.
type Metrics struct {
	messages *prometheus.CounterVec
	dropped  *prometheus.CounterVec
	children [transports][directions][2][peek.Methods][8]atomic.Pointer[prometheus.Counter] // of messages, made when first needed
}

// direction of a message.
type direction uint8

// The directions. A message received is counted by where it comes from, one sent by where it goes.
const (
	fromClient direction = iota
	fromNode
	outbound // to a client
	inbound  // to a node
	own      // made by the gateway
	directions
)

var directionNames = [directions]string{"from_client", "from_node", "to_client", "to_node", "own"}

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

// NewMetrics registers the metrics of the SIP front.
func NewMetrics(reg prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		messages: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "twinhop_sip_messages_total",
			Help: "SIP messages received, forwarded and made."}, []string{"direction", "kind", "method", "code_class", "transport"}),
		dropped: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "twinhop_shed_total", // the HTTP front has the same family for its protocol
			Help: "Messages refused before they were routed, by reason.", ConstLabels: prometheus.Labels{"proto": "sip"}}, []string{"reason"}),
	}
	for _, c := range []*prometheus.CounterVec{m.messages, m.dropped} {
		if err := reg.Register(c); err != nil {
			return nil, fmt.Errorf("sip metrics: %w", err)
		}
	}
	return m, nil
}

func (m *Metrics) received(t transport, msg *peek.Message, inside bool) {
	from := fromClient
	if inside {
		from = fromNode
	}
	m.sent(t, msg, from)
}

func (m *Metrics) sent(t transport, msg *peek.Message, d direction) {
	if msg.Response {
		m.count(t, d, msg.CSeqMethod, msg.Status)
		return
	}
	m.count(t, d, msg.Method, 0)
}

// made counts a request of our own, replied an answer.
func (m *Metrics) made(t transport, method peek.Method) { m.count(t, own, method, 0) }

func (m *Metrics) replied(t transport, method peek.Method, code int) { m.count(t, own, method, code) }

// count looks the counter up without allocating; code 0 is a request.
func (m *Metrics) count(t transport, d direction, method peek.Method, code int) {
	if m == nil {
		return
	}
	class, kind := code/100&7, 0
	if code > 0 {
		kind = 1
	}
	at := &m.children[t][d][kind][method][class]
	c := at.Load()
	if c == nil {
		kindName, className := "request", ""
		if kind == 1 {
			kindName, className = "response", strconv.Itoa(class)+"xx"
		}
		made := m.messages.WithLabelValues(directionNames[d], kindName, method.String(), className, uriWords[t])
		c = &made
		at.Store(c)
	}
	(*c).Inc()
}

func (m *Metrics) shed(reason string) {
	if m != nil {
		m.dropped.WithLabelValues(reason).Inc()
	}
}

func (m *Metrics) shedReason(r peek.Reason) { m.shed(r.String()) }

// Shed counts the messages that were dropped or refused before they were routed, by reason.
func (m *Metrics) Shed() map[string]uint64 {
	all := make(map[string]uint64)
	if m == nil {
		return all
	}
	reg := prometheus.NewRegistry()
	reg.MustRegister(m.dropped)
	families, _ := reg.Gather() // counters of one vector cannot be at odds
	for _, f := range families {
		for _, c := range f.GetMetric() {
			for _, l := range c.GetLabel() {
				if l.GetName() == "reason" {
					all[l.GetValue()] = uint64(c.GetCounter().GetValue())
				}
			}
		}
	}
	return all
}

// Collector returns the metrics of what the front has in hand and keeps out. There are none before Run.
func (f *Front) Collector() prometheus.Collector { return standing{f} }

type standing struct{ f *Front }

// Describe implements prometheus.Collector.
func (s standing) Describe(ch chan<- *prometheus.Desc) {
	new(pending.Table).Describe(ch)
	new(stream.Pool).Describe(ch)
	s.f.limits.sources.Describe(ch)
	s.f.limits.scanners.Describe(ch)
}

// Collect implements prometheus.Collector.
func (s standing) Collect(ch chan<- prometheus.Metric) {
	if !s.f.ready.Load() {
		return
	}
	s.f.pending.Collect(ch)
	for _, g := range s.f.legs {
		if g.streams != nil {
			g.streams.Collect(ch)
		}
	}
	s.f.limits.sources.Collect(ch)
	s.f.limits.scanners.Collect(ch)
}
