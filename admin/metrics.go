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
	keysDesc = prometheus.NewDesc("twinhop_session_keys",
		"Keys in the affinity table.", nil, nil)
	maxKeysDesc = prometheus.NewDesc("twinhop_session_keys_max",
		"Keys that the affinity table may hold.", nil, nil)
	overflowDesc = prometheus.NewDesc("twinhop_session_overflow",
		"1 while the affinity table is full and new sessions are placed without an entry.", nil, nil)
)

// Collector returns the metrics of the admin itself, how many sessions live
// where, and how full their table is.
func (s *Server) Collector() prometheus.Collector { return collector{s} }

type collector struct{ s *Server }

// Describe implements prometheus.Collector.
func (c collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{loginFailuresDesc, sessionsDesc, keysDesc, maxKeysDesc, overflowDesc} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c collector) Collect(ch chan<- prometheus.Metric) {
	if c.s.ready() != nil {
		return
	}
	ch <- prometheus.MustNewConstMetric(loginFailuresDesc, prometheus.CounterValue, float64(c.s.accounts.Guard.Failures()))
	if gauge, ok := c.s.Panel.Store.(appsession.Gauge); ok {
		u, full := gauge.Usage(), 0.0
		if u.Overflow {
			full = 1
		}
		ch <- prometheus.MustNewConstMetric(keysDesc, prometheus.GaugeValue, float64(u.Keys))
		ch <- prometheus.MustNewConstMetric(maxKeysDesc, prometheus.GaugeValue, float64(u.MaxKeys))
		ch <- prometheus.MustNewConstMetric(overflowDesc, prometheus.GaugeValue, full)
	}
	counter, ok := c.s.Panel.Store.(appsession.Counter)
	if !ok {
		return
	}
	for _, n := range c.s.Panel.View().Nodes {
		ch <- prometheus.MustNewConstMetric(sessionsDesc, prometheus.GaugeValue, float64(counter.Count(n.Name)), n.Name)
	}
}
