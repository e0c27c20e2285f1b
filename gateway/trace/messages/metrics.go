package messages

import (
	"time"
	"unsafe"

	"github.com/prometheus/client_golang/prometheus"
)

var (
	bytesDesc = prometheus.NewDesc("twinhop_messages_bytes",
		"Memory held by remembered messages, in bytes: summaries of all, texts of sessions that are watched or sampled.", []string{"kind"}, nil)
	evictedDesc = prometheus.NewDesc("twinhop_messages_evicted_total",
		"What was remembered of messages and made room: summaries one by one, texts by calls and sessions.", []string{"kind"}, nil)
	watchedDesc = prometheus.NewDesc("twinhop_messages_watched",
		"Sessions whose texts somebody has kept.", nil, nil)
)

// Metrics returns the collector of what is remembered.
func (l *Log) Metrics() prometheus.Collector { return collector{l} }

type collector struct{ log *Log }

// Describe implements prometheus.Collector.
func (c collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{bytesDesc, evictedDesc, watchedDesc} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c collector) Collect(ch chan<- prometheus.Metric) {
	l := c.log
	l.ready()
	var room, gone uint64
	for i := range shards {
		m, x := &l.messages[i], &l.exchanges[i]
		room += uint64(len(m.list))*uint64(unsafe.Sizeof(entry{})) + uint64(len(x.list))*uint64(unsafe.Sizeof(exchange{}))
		gone += m.gone() + x.gone()
	}
	t := &l.tapes
	t.mu.Lock()
	t.end(time.Unix(0, l.now()))
	held, evicted, watched := t.held, t.evicted, len(t.watched)
	t.mu.Unlock()
	metric := func(d *prometheus.Desc, kind prometheus.ValueType, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, kind, v, labels...)
	}
	metric(bytesDesc, prometheus.GaugeValue, float64(room), "summaries")
	metric(bytesDesc, prometheus.GaugeValue, float64(held), "texts")
	metric(evictedDesc, prometheus.CounterValue, float64(gone), "summaries")
	metric(evictedDesc, prometheus.CounterValue, float64(evicted), "texts")
	metric(watchedDesc, prometheus.GaugeValue, float64(watched))
}

// gone is how many entries made room for others.
func (r *ring[E]) gone() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seq - min(r.seq, uint64(len(r.list)))
}
