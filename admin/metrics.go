package admin

import (
	"github.com/prometheus/client_golang/prometheus"

	"twinhop/appsession"
)

var (
	loginFailuresDesc = prometheus.NewDesc("twinhop_admin_login_failures_total",
		"Attempts to log in to the admin that failed.", nil, nil)
	sessionsDesc = prometheus.NewDesc("twinhop_sessions",
		"Application sessions that live on a node.", []string{"node"}, nil)
)

// Collector returns the metrics of the admin itself, and how many sessions
// live where.
func (s *Server) Collector() prometheus.Collector { return collector{s} }

type collector struct{ s *Server }

// Describe implements prometheus.Collector.
func (c collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{loginFailuresDesc, sessionsDesc} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c collector) Collect(ch chan<- prometheus.Metric) {
	if c.s.ready() != nil {
		return
	}
	ch <- prometheus.MustNewConstMetric(loginFailuresDesc, prometheus.CounterValue, float64(c.s.guard.Failures()))
	counter, ok := c.s.Panel.Store.(appsession.Counter)
	if !ok {
		return
	}
	for _, n := range c.s.Panel.View().Nodes {
		ch <- prometheus.MustNewConstMetric(sessionsDesc, prometheus.GaugeValue, float64(counter.Count(n.Name)), n.Name)
	}
}
