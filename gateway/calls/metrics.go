package calls

import "github.com/prometheus/client_golang/prometheus"

var (
	callsDesc  = prometheus.NewDesc("twinhop_calls", "Calls in progress.", []string{"node"}, nil)
	missedDesc = prometheus.NewDesc("twinhop_calls_missed_total", "Calls that were not counted because the book of calls was full.", nil, nil)
)

// Describe implements prometheus.Collector.
func (b *Book) Describe(ch chan<- *prometheus.Desc) {
	ch <- callsDesc
	ch <- missedDesc
}

// Collect implements prometheus.Collector.
func (b *Book) Collect(ch chan<- prometheus.Metric) {
	for node, n := range b.counts() {
		ch <- prometheus.MustNewConstMetric(callsDesc, prometheus.GaugeValue, float64(n), node)
	}
	ch <- prometheus.MustNewConstMetric(missedDesc, prometheus.CounterValue, float64(b.missed.Load()))
}
