package stream

import "github.com/prometheus/client_golang/prometheus"

var (
	openDesc = prometheus.NewDesc("twinhop_sip_connections",
		"SIP connections open now.", []string{"listener"}, nil)
	eventsDesc = prometheus.NewDesc("twinhop_sip_connection_events_total",
		"What happened to SIP connections.", []string{"listener", "event"}, nil)
)

// Describe implements prometheus.Collector.
func (t *Pool) Describe(ch chan<- *prometheus.Desc) {
	ch <- openDesc
	ch <- eventsDesc
}

// Collect implements prometheus.Collector. Pools are told apart by their names, or the addresses of their listeners.
func (t *Pool) Collect(ch chan<- prometheus.Metric) {
	s, name := t.Stats(), t.Name
	switch {
	case name != "":
	case t.Listener == nil:
		name = "adopted"
	default:
		name = "tcp://" + t.Listener.Addr().String()
	}
	ch <- prometheus.MustNewConstMetric(openDesc, prometheus.GaugeValue, float64(s.Open), name)
	for event, n := range map[string]int64{"accepted": s.Accepted, "dialled": s.Dialled, "dial_failed": s.DialFailed, "accept_failed": s.AcceptFailed,
		"refused_total": s.RefusedTotal, "refused_source": s.RefusedSource, "refused_greeting": s.RefusedGreet, "garbled": s.Garbled, "timed_out": s.TimedOut,
		"ping_flood": s.PingFlood, "ping": s.Pings, "message_lost": s.Lost} {
		ch <- prometheus.MustNewConstMetric(eventsDesc, prometheus.CounterValue, float64(n), name, event)
	}
}
