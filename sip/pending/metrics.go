package pending

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
)

var (
	liveDesc = prometheus.NewDesc("twinhop_sip_pending",
		"INVITEs known now, answered ones that are kept for their repetitions included.", nil, nil)
	openedDesc = prometheus.NewDesc("twinhop_sip_pending_opened_total",
		"INVITEs taken in.", nil, nil)
	statelessDesc = prometheus.NewDesc("twinhop_sip_pending_stateless_total",
		"INVITEs forwarded without failover because the table was full.", nil, nil)
	leftDesc = prometheus.NewDesc("twinhop_sip_failover_total",
		"Times an INVITE left a node, by why; the last node included.", []string{"cause"}, nil)
	ownDesc = prometheus.NewDesc("twinhop_sip_pending_answers_total",
		"Answers of the gateway's own to INVITEs taken in, by status code.", []string{"code"}, nil)
	eventsDesc = prometheus.NewDesc("twinhop_sip_pending_events_total",
		"What happened to INVITEs taken in.", []string{"event"}, nil)
	tookDesc = prometheus.NewDesc("twinhop_sip_transaction_duration_seconds",
		"From an INVITE taken in to the first final answer that went up.", []string{"method", "code_class"}, nil)
)

// Describe implements prometheus.Collector.
func (t *Table) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{liveDesc, openedDesc, statelessDesc, leftDesc, ownDesc, eventsDesc, tookDesc} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (t *Table) Collect(ch chan<- prometheus.Metric) {
	s := t.Stats()
	count := func(d *prometheus.Desc, n uint64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
	}
	ch <- prometheus.MustNewConstMetric(liveDesc, prometheus.GaugeValue, float64(s.Live))
	count(openedDesc, s.Opened)
	count(statelessDesc, s.Stateless)
	for c, n := range s.Left {
		count(leftDesc, n, c.String())
	}
	for o, n := range s.Own {
		count(ownDesc, n, strconv.Itoa(int(o)))
	}
	for event, n := range map[string]uint64{"repeated": s.Repeated, "resent": s.Resent, "reanswered": s.Reanswered, "cancelled": s.Cancelled,
		"withdrawn": s.Withdrawn, "rang_out": s.Expired, "hurried": s.Hurried, "late_2xx": s.Late, "second_2xx": s.Second} {
		count(eventsDesc, n, event)
	}
	for class, d := range t.Took() {
		if class >= 2 {
			d.collect(ch, "INVITE", strconv.Itoa(class)+"xx")
		}
	}
}

func (d *Durations) collect(ch chan<- prometheus.Metric, labels ...string) {
	buckets, n := make(map[float64]uint64, len(bounds)), uint64(0)
	for i, bound := range bounds {
		n += d.Counts[i]
		buckets[bound.Seconds()] = n
	}
	ch <- prometheus.MustNewConstHistogram(tookDesc, n+d.Counts[len(bounds)], d.Sum.Seconds(), buckets, labels...)
}
