package handshake

import "github.com/prometheus/client_golang/prometheus"

// Metrics count handshakes that fail. A nil *Metrics counts nothing.
type Metrics struct{ failures *prometheus.CounterVec }

// NewMetrics makes the metrics and registers them with r.
func NewMetrics(r prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{prometheus.NewCounterVec(prometheus.CounterOpts{Name: "twinhop_tls_handshake_failures_total",
		Help: "TLS handshakes of those who connect that failed, by protocol and cause."}, []string{"proto", "cause"})}
	for _, c := range causes {
		m.failures.WithLabelValues(HTTP, c)
		m.failures.WithLabelValues(SIP, c)
	}
	return m, r.Register(m.failures)
}

func (m *Metrics) failed(proto, cause string) {
	if m != nil {
		m.failures.WithLabelValues(proto, cause).Inc()
	}
}
