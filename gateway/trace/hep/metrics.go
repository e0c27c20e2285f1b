package hep

import "github.com/prometheus/client_golang/prometheus"

var (
	sentDesc = prometheus.NewDesc("twinhop_hep_sent_total",
		"SIP messages given to the capture server.", nil, nil)
	droppedDesc = prometheus.NewDesc("twinhop_hep_dropped_total",
		"SIP messages that the capture server was not given: queue, too many waited; send, the system refused.", []string{"reason"}, nil)
)

// Metrics returns the collector of what was sent and what was not.
func (x *Exporter) Metrics() prometheus.Collector { return collector{x} }

type collector struct{ exporter *Exporter }

// Describe implements prometheus.Collector.
func (c collector) Describe(ch chan<- *prometheus.Desc) {
	ch <- sentDesc
	ch <- droppedDesc
}

// Collect implements prometheus.Collector.
func (c collector) Collect(ch chan<- prometheus.Metric) {
	count := func(d *prometheus.Desc, v uint64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	count(sentDesc, c.exporter.sent.Load())
	count(droppedDesc, c.exporter.crowded.Load(), "queue")
	count(droppedDesc, c.exporter.failed.Load(), "send")
}
