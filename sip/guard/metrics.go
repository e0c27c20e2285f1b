package guard

import (
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

var (
	trackedDesc = prometheus.NewDesc("twinhop_sip_sources",
		"Sources whose rate is known now.", nil, nil)
	bannedDesc = prometheus.NewDesc("twinhop_sip_bans",
		"Sources of which nothing is taken now.", nil, nil)
	bansDesc = prometheus.NewDesc("twinhop_sip_bans_total",
		"Bans that began.", nil, nil)
	hitsDesc = prometheus.NewDesc("twinhop_sip_scanner_hits_total",
		"Requests dropped for a word of their User-Agent.", []string{"word"}, nil)
)

// Describe implements prometheus.Collector.
func (s *Sources) Describe(ch chan<- *prometheus.Desc) {
	ch <- trackedDesc
	ch <- bannedDesc
	ch <- bansDesc
}

// Collect implements prometheus.Collector.
func (s *Sources) Collect(ch chan<- prometheus.Metric) {
	banned := 0
	for range s.Bans(time.Now()) {
		banned++
	}
	ch <- prometheus.MustNewConstMetric(trackedDesc, prometheus.GaugeValue, float64(s.Tracked()))
	ch <- prometheus.MustNewConstMetric(bannedDesc, prometheus.GaugeValue, float64(banned))
	ch <- prometheus.MustNewConstMetric(bansDesc, prometheus.CounterValue, float64(s.Begun()))
}

// Describe implements prometheus.Collector.
func (s *Scanners) Describe(ch chan<- *prometheus.Desc) { ch <- hitsDesc }

// Collect implements prometheus.Collector. Words that are no UTF-8 are written with replacement characters.
func (s *Scanners) Collect(ch chan<- prometheus.Metric) {
	for _, h := range s.Hits() {
		ch <- prometheus.MustNewConstMetric(hitsDesc, prometheus.CounterValue, float64(h.Count), strings.ToValidUTF8(h.Word, "\ufffd"))
	}
}
