package cluster

import "github.com/prometheus/client_golang/prometheus"

// Collector returns the metrics of the cluster, to be registered once.
func (r *Registry) Collector() prometheus.Collector { return collector{r} }

type collector struct{ registry *Registry }

var (
	healthDesc = prometheus.NewDesc("twinhop_node_health",
		"1 while the service of the node takes traffic, 0 while it is down.", []string{"node", "service"}, nil)
	activationDesc = prometheus.NewDesc("twinhop_node_activation",
		"1 for what the operator wants of the node in the pool, 0 for the other states.", []string{"node", "pool", "state"}, nil)
	probeDesc = prometheus.NewDesc("twinhop_node_probe_duration_seconds",
		"Time until a probe was answered or given up.", []string{"node", "probe"}, nil)
	electedDesc = prometheus.NewDesc("twinhop_node_elected_total",
		"Messages outside a dialog that were given to the node.", []string{"node", "pool"}, nil)
	busyDesc = prometheus.NewDesc("twinhop_node_busy",
		"HTTP requests running on the node.", []string{"node", "pool"}, nil)
	usedDesc = prometheus.NewDesc("twinhop_resource_used",
		"What calls take of a resource of the node.", []string{"node", "pool", "resource"}, nil)
	limitDesc = prometheus.NewDesc("twinhop_resource_limit",
		"What the node has of a resource.", []string{"node", "pool", "resource"}, nil)
	errorsDesc = prometheus.NewDesc("twinhop_node_errors_total",
		"Messages that the node failed or refused.", []string{"node", "pool"}, nil)
)

// Describe implements prometheus.Collector.
func (collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{healthDesc, activationDesc, probeDesc, electedDesc, busyDesc, errorsDesc, usedDesc, limitDesc} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c collector) Collect(ch chan<- prometheus.Metric) {
	v := c.registry.View()
	for _, n := range v.Nodes {
		for s := range services {
			if check := n.Check(s); check != nil {
				ch <- gauge(healthDesc, truth(check.Health() != Down), n.Name, s.String())
				if count, sum, buckets := check.durations(); count > 0 {
					ch <- prometheus.MustNewConstHistogram(probeDesc, count, sum, buckets, n.Name, s.String())
				}
			}
		}
	}
	for _, p := range v.Pools {
		for _, m := range p.Members {
			for _, s := range m.Capacity {
				ch <- gauge(usedDesc, float64(m.Load.Used(s.Name)), m.Name, p.Name, s.Name)
				ch <- gauge(limitDesc, float64(s.Max), m.Name, p.Name, s.Name)
			}
			for a := range Stopped + 1 {
				ch <- gauge(activationDesc, truth(m.Activation == a), m.Name, p.Name, a.String())
			}
			ch <- gauge(busyDesc, float64(m.Load.Busy.Load()), m.Name, p.Name)
			ch <- counter(electedDesc, m.Load.Elected.Load(), m.Name, p.Name)
			ch <- counter(errorsDesc, m.Load.Errors.Load(), m.Name, p.Name)
		}
	}
}

// durations returns the probe times as a cumulative histogram in seconds.
func (c *Check) durations() (count uint64, sum float64, buckets map[float64]uint64) {
	c.mu.Lock()
	took := c.took
	c.mu.Unlock()
	return took.Count, took.Sum.Seconds(), took.Below()
}

func gauge(d *prometheus.Desc, v float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

func counter(d *prometheus.Desc, v int64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
