package meter

import (
	"fmt"
	"strconv"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"twinhop/sip/peek"
)

// Metrics counts what passes. A nil *Metrics counts nothing.
type Metrics struct {
	messages *prometheus.CounterVec
	dropped  *prometheus.CounterVec
	words    []string
	children [maxTransports][directions][2][peek.Methods][8]atomic.Pointer[prometheus.Counter] // of messages, made when first needed
}

// direction of a message.
type Direction uint8

// The directions. A message received is counted by where it comes from, one sent by where it goes.
const (
	FromClient Direction = iota
	FromNode
	Outbound // to a client
	Inbound  // to a node
	Own      // made by the gateway
	directions
)

var directionNames = [directions]string{"from_client", "from_node", "to_client", "to_node", "own"}

// maxTransports is how many transports can be told apart.
const maxTransports = 5

// New registers the metrics. words are those of the transports, at most 5: a transport is its place among them.
func New(reg prometheus.Registerer, words []string) (*Metrics, error) {
	m := &Metrics{words: words,
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

// Came is the direction of a message that came; inside: from the side of the nodes.
func Came(inside bool) Direction {
	if inside {
		return FromNode
	}
	return FromClient
}

// Passed counts a message that came or left, without allocating. method is that of the request, also for its answers; code 0 is a request.
func (m *Metrics) Passed(t uint8, d Direction, method peek.Method, code int) {
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
		made := m.messages.WithLabelValues(directionNames[d], kindName, method.String(), className, m.words[t])
		c = &made
		at.Store(c)
	}
	(*c).Inc()
}

// Shed counts a message that was dropped or refused.
func (m *Metrics) Shed(reason string) {
	if m != nil {
		m.dropped.WithLabelValues(reason).Inc()
	}
}

// Reasons counts the messages that were dropped or refused before they were routed, by reason.
func (m *Metrics) Reasons() map[string]uint64 {
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

// Group is the metrics of parts that are there only while something runs.
type Group struct {
	Kinds []prometheus.Collector        // one of each kind of part, for what it describes
	Parts func() []prometheus.Collector // that are there now
}

// Describe implements prometheus.Collector.
func (g Group) Describe(ch chan<- *prometheus.Desc) {
	for _, c := range g.Kinds {
		c.Describe(ch)
	}
}

// Collect implements prometheus.Collector.
func (g Group) Collect(ch chan<- prometheus.Metric) {
	for _, c := range g.Parts() {
		c.Collect(ch)
	}
}
