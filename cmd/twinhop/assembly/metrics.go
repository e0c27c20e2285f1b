package assembly

import (
	"fmt"
	"net/http"
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics is the registry of the process.
type metrics struct{ *prometheus.Registry }

func newMetrics(version string) *metrics {
	m := &metrics{prometheus.NewRegistry()}
	info := prometheus.NewGauge(prometheus.GaugeOpts{Name: "twinhop_build_info", Help: "Always 1; the labels say what was built.",
		ConstLabels: prometheus.Labels{"version": version, "goversion": runtime.Version()}})
	info.Set(1)
	m.MustRegister(info, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// page serves the metrics.
func (m *metrics) page() http.Handler { return promhttp.HandlerFor(m, promhttp.HandlerOpts{}) }

// register adds the metrics of the rooms.
func (m *metrics) register(all ...prometheus.Collector) error {
	for _, c := range all {
		if err := m.Register(c); err != nil {
			return fmt.Errorf("metrics: %w", err)
		}
	}
	return nil
}
