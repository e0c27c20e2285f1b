package handshake

import "github.com/prometheus/client_golang/prometheus"

// Metrics count handshakes that fail. A nil *Metrics counts nothing.
type Metrics struct{ failures *prometheus.CounterVec }

// NewMetrics makes the metrics and registers them with r.
func NewMetrics(r prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{prometheus.NewCounterVec(prometheus.CounterOpts{Name: "twinhop_tls_handshake_failures_total",
		Help: "TLS handshakes of HTTP clients that failed, by cause."}, []string{"cause"})}
	for _, c := range causes {
		m.failures.WithLabelValues(c)
	}
	return m, r.Register(m.failures)
}

func (m *Metrics) failed(cause string) {
	if m != nil {
		m.failures.WithLabelValues(cause).Inc()
	}
}
