package hearts

import (
	"maps"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"twinhop/gateway/heartbeat"
)

var (
	lastDesc = prometheus.NewDesc("twinhop_node_heartbeat_timestamp_seconds",
		"Last sign of life of a node that announced itself, in seconds since 1970.", []string{"node", "proto"}, nil)
	eventsDesc = prometheus.NewDesc("twinhop_heartbeat_events_total",
		"Nodes that registered, were renamed or expired, and addresses that were refused, each once a minute.", []string{"event"}, nil)
)

// counts are how often something happened.
type counts map[heartbeat.What]*atomic.Int64

func newCounts() counts {
	c := counts{}
	for _, w := range []heartbeat.What{"registered", "renamed", "expired", "refused"} {
		c[w] = &atomic.Int64{}
	}
	return c
}

func (c counts) add(w heartbeat.What) {
	if n := c[w]; n != nil {
		n.Add(1)
	}
}

// Describe implements prometheus.Collector.
func (h *Hearts) Describe(out chan<- *prometheus.Desc) { out <- lastDesc; out <- eventsDesc }

// Collect implements prometheus.Collector.
func (h *Hearts) Collect(out chan<- prometheus.Metric) {
	for w, n := range h.counts {
		out <- prometheus.MustNewConstMetric(eventsDesc, prometheus.CounterValue, float64(n.Load()), string(w))
	}
	type who struct{ node, by string }
	last := map[who]float64{} // a node of several addresses is one
	for _, e := range h.Roster.Nodes() {
		if !e.Configured {
			k := who{e.Name, e.By}
			last[k] = max(last[k], float64(e.Last.UnixMilli())/1000)
		}
	}
	for k := range maps.Keys(last) {
		out <- prometheus.MustNewConstMetric(lastDesc, prometheus.GaugeValue, last[k], k.node, k.by)
	}
}
