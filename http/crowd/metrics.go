package crowd

import "github.com/prometheus/client_golang/prometheus"

var (
	openDesc   = prometheus.NewDesc("twinhop_http_connections", "Connections of HTTP clients open now.", nil, nil)
	eventsDesc = prometheus.NewDesc("twinhop_http_connection_events_total", "What happened to connections of HTTP clients.", []string{"event"}, nil)
)

// Describe implements prometheus.Collector.
func (c *Crowd) Describe(ch chan<- *prometheus.Desc) {
	ch <- openDesc
	ch <- eventsDesc
}

// Collect implements prometheus.Collector.
func (c *Crowd) Collect(ch chan<- prometheus.Metric) {
	s := c.Stats()
	ch <- prometheus.MustNewConstMetric(openDesc, prometheus.GaugeValue, float64(s.Open))
	for event, n := range map[string]int64{"accepted": s.Accepted, "refused_total": s.RefusedTotal, "refused_source": s.RefusedSource} {
		ch <- prometheus.MustNewConstMetric(eventsDesc, prometheus.CounterValue, float64(n), event)
	}
}
