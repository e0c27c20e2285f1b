package rehearsal

import (
	"github.com/prometheus/client_golang/prometheus"

	sipfront "twinhop/sip"
)

// newCounts count one rehearsal: they tell why a message was dropped.
func newCounts() *sipfront.Metrics {
	m, err := sipfront.NewMetrics(prometheus.NewRegistry())
	if err != nil {
		panic(err) // an empty registry takes them
	}
	return m
}
