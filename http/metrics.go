package http

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics count what the front does. A nil *Metrics counts nothing.
type Metrics struct {
	requests  *prometheus.CounterVec
	durations *prometheus.HistogramVec
	follows   *prometheus.CounterVec
	refused   *prometheus.CounterVec
	tunnels   prometheus.Gauge
}

// NewMetrics makes the front's metrics and registers them with r. No label
// holds what a client chose.
func NewMetrics(r prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "twinhop_http_requests_total",
			Help: "HTTP requests by node (empty: served by none), method and class of status."}, []string{"node", "method", "code_class"}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "twinhop_http_request_duration_seconds",
			Help:    "Time from the request's head to the end of its answer.",
			Buckets: prometheus.DefBuckets, NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 100}, []string{"node"}),
		follows: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "twinhop_follow_sip_total",
			Help: "Corrections of HTTP clients whose session lives on another node, by action."}, []string{"action"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "twinhop_shed_total",
			Help: "Messages refused before they were routed, by reason.", ConstLabels: prometheus.Labels{"proto": "http"}}, []string{"reason"}),
		tunnels: prometheus.NewGauge(prometheus.GaugeOpts{Name: "twinhop_ws_connections",
			Help: "Upgraded connections now open."}),
	}
	for _, c := range []prometheus.Collector{m.requests, m.durations, m.follows, m.refused, m.tunnels} {
		if err := r.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *Metrics) request(node, method string, status int, took time.Duration) {
	if m == nil {
		return
	}
	m.requests.WithLabelValues(node, knownMethod(method), class(status)).Inc()
	if node != "" && status != statusSwitched {
		m.durations.WithLabelValues(node).Observe(took.Seconds())
	}
}

func (m *Metrics) follow(action string) {
	if m != nil {
		m.follows.WithLabelValues(action).Inc()
	}
}

func (m *Metrics) shed(status int) {
	if m == nil {
		return
	}
	why := "malformed"
	switch status {
	case statusMethod:
		why = "method"
	case statusTarget:
		why = "target_size"
	case statusFields:
		why = "field_count"
	}
	m.refused.WithLabelValues(why).Inc()
}

func (m *Metrics) tunnel(by float64) {
	if m != nil {
		m.tunnels.Add(by)
	}
}

func knownMethod(method string) string {
	switch method {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT":
		return method
	}
	return "other"
}

func class(status int) string {
	const classes = "1xx2xx3xx4xx5xx"
	if i := status/100 - 1; i >= 0 && i < 5 {
		return classes[3*i : 3*i+3]
	}
	return "none"
}
