package certs

import "github.com/prometheus/client_golang/prometheus"

var (
	expiry = prometheus.NewDesc("twinhop_tls_certificate_expiry_timestamp_seconds",
		"When the first certificate of a file in use expires, in seconds since 1970.", []string{"listener", "file"}, nil)
	stale = prometheus.NewDesc("twinhop_tls_certificate_reload_failed",
		"1 while what is in the file now cannot be used and the certificate before it stays in use.", []string{"listener", "file"}, nil)
)

// Describe implements prometheus.Collector.
func (k *Keeper) Describe(out chan<- *prometheus.Desc) { out <- expiry; out <- stale }

// Collect implements prometheus.Collector.
func (k *Keeper) Collect(out chan<- prometheus.Metric) {
	k.mu.Lock()
	defer k.mu.Unlock()
	type place struct{ listener, file string }
	told := map[place]bool{} // one file may be named twice, one metric not
	tell := func(l *listener, file string, end int64, broken bool) {
		if told[place{l.name, file}] {
			return
		}
		told[place{l.name, file}] = true
		out <- prometheus.MustNewConstMetric(expiry, prometheus.GaugeValue, float64(end), l.name, file)
		failed := 0.0
		if broken {
			failed = 1
		}
		out <- prometheus.MustNewConstMetric(stale, prometheus.GaugeValue, failed, l.name, file)
	}
	for _, l := range k.listeners {
		for _, p := range l.pairs {
			tell(l, p.cert, ends(p.chain).Unix(), p.broken)
		}
		if l.ca != nil {
			tell(l, l.ca.file, ends(l.ca.chain).Unix(), l.ca.broken)
		}
	}
}
