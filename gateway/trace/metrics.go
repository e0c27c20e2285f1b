package trace

import (
	"github.com/prometheus/client_golang/prometheus"

	"twinhop/gateway"
)

var (
	decisionsDesc = prometheus.NewDesc("twinhop_route_decisions_total",
		"Decisions of the router, by door and by the rule that decided.", []string{"proto", "rule"}, nil)
	movesDesc = prometheus.NewDesc("twinhop_session_moves_total",
		"Application sessions whose node changed, by cause.", []string{"cause"}, nil)
	bytesDesc = prometheus.NewDesc("twinhop_trace_bytes",
		"Memory held by remembered events, in bytes.", nil, nil)
	refusedDesc = prometheus.NewDesc("twinhop_trace_refused_total",
		"Updates of session timelines that were refused for lack of room.", nil, nil)
	evictedDesc = prometheus.NewDesc("twinhop_trace_evicted_total",
		"Session timelines dropped to make room for others.", nil, nil)
	lostDesc = prometheus.NewDesc("twinhop_trace_lost_total",
		"Events that came too fast to be kept in session timelines.", nil, nil)
)

// Metrics returns the collector of everything the Log counts.
func (l *Log) Metrics() prometheus.Collector { return collector{l} }

type collector struct{ log *Log }

// Describe implements prometheus.Collector.
func (c collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{decisionsDesc, movesDesc, bytesDesc, refusedDesc, evictedDesc, lostDesc} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c collector) Collect(ch chan<- prometheus.Metric) {
	n := c.log.Counts()
	count := func(d *prometheus.Desc, v uint64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	// Every rule is there from the start, so that a rate over a first
	// occurrence is not lost.
	for _, r := range gateway.Rules() {
		count(decisionsDesc, n.HTTP.Rules[r], protoNames[0], r.String())
		count(decisionsDesc, n.SIP.Rules[r], protoNames[1], r.String())
	}
	for r, v := range n.Moves {
		count(movesDesc, v, r.String())
	}
	count(refusedDesc, n.Refused)
	count(evictedDesc, n.Evicted)
	count(lostDesc, n.Lost)
	ch <- prometheus.MustNewConstMetric(bytesDesc, prometheus.GaugeValue, float64(n.Bytes))
}
