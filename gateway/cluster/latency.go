package cluster

import "time"

// bounds are the upper bounds of the latency buckets of probes.
var bounds = [...]time.Duration{time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond,
	25 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond,
	500 * time.Millisecond, time.Second, 2500 * time.Millisecond, 5 * time.Second}

// latencies is a histogram small enough to live in every Check.
type latencies struct {
	count   uint64
	sum     time.Duration
	buckets [len(bounds)]uint64 // not cumulative
}

func (l *latencies) add(d time.Duration) {
	l.count++
	l.sum += d
	for i, b := range bounds {
		if d <= b {
			l.buckets[i]++
			return
		}
	}
}
