package lbstat

import (
	"maps"

	"github.com/prometheus/client_golang/prometheus"
)

// Gathered reads the counters where the metrics of the process are gathered.
// What is not there is 0.
func Gathered(from prometheus.Gatherer) func() Counters {
	return func() Counters {
		sums := sumsOf(from)
		sum := func(name string, labels map[string]string) float64 {
			if f := sums[name]; f != nil {
				return f(labels)
			}
			return 0
		}
		received := func(kind string) int64 {
			return int64(sum("twinhop_sip_messages_total", map[string]string{"kind": kind, "direction": "from_client"}) +
				sum("twinhop_sip_messages_total", map[string]string{"kind": kind, "direction": "from_node"}))
		}
		return Counters{
			CPU:          sum("process_cpu_seconds_total", nil),
			Heap:         int64(sum("go_memstats_heap_alloc_bytes", nil)),
			HTTPRequests: int64(sum("twinhop_http_requests_total", nil)),
			Upgraded:     int64(sum("twinhop_ws_connections", nil)),
			SIPStreams:   int64(sum("twinhop_sip_connections", nil)),
			SIPRequests:  received("request"),
			SIPResponses: received("response"),
		}
	}
}

// sumsOf adds up, for each metric, what has all the labels asked for.
func sumsOf(from prometheus.Gatherer) map[string]func(labels map[string]string) float64 {
	families, _ := from.Gather() // one collector that fails leaves the others
	sums := map[string]func(map[string]string) float64{}
	for _, f := range families {
		sums[f.GetName()] = func(labels map[string]string) (all float64) {
			for _, m := range f.GetMetric() {
				left := maps.Clone(labels)
				for _, l := range m.GetLabel() {
					if left[l.GetName()] == l.GetValue() {
						delete(left, l.GetName())
					}
				}
				if len(left) == 0 {
					all += m.GetCounter().GetValue() + m.GetGauge().GetValue()
				}
			}
			return all
		}
	}
	return sums
}
