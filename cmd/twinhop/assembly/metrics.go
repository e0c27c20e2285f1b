package assembly

import (
	"fmt"
	"net/http"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics is the registry of the process.
type metrics struct {
	*prometheus.Registry
	reloaded, reloadedAt prometheus.Gauge
}

func newMetrics(version string) *metrics {
	m := &metrics{Registry: prometheus.NewRegistry(),
		reloaded: prometheus.NewGauge(prometheus.GaugeOpts{Name: "twinhop_config_last_reload_successful",
			Help: "1 when what was read last is in force; 0 when it could not be, and the configuration before it stays."}),
		reloadedAt: prometheus.NewGauge(prometheus.GaugeOpts{Name: "twinhop_config_last_reload_timestamp_seconds",
			Help: "When a configuration was last read and put into force, the start included, in seconds since 1970."})}
	m.read(nil)
	info := prometheus.NewGauge(prometheus.GaugeOpts{Name: "twinhop_build_info", Help: "Always 1; the labels say what was built.",
		ConstLabels: prometheus.Labels{"version": version, "goversion": runtime.Version()}})
	info.Set(1)
	m.MustRegister(info, m.reloaded, m.reloadedAt, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// read notes that a configuration was read, and whether it came into force.
func (m *metrics) read(err error) {
	if err != nil {
		m.reloaded.Set(0)
		return
	}
	m.reloaded.Set(1)
	m.reloadedAt.Set(float64(time.Now().Unix()))
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
