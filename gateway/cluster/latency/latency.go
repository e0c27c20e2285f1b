package latency

import "time"

// Bounds are the upper bounds of the latency buckets of probes.
var Bounds = [...]time.Duration{time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond,
	25 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond,
	500 * time.Millisecond, time.Second, 2500 * time.Millisecond, 5 * time.Second}

// Histogram is small enough to live in every Check. Whoever has one guards it.
type Histogram struct {
	Count   uint64
	Sum     time.Duration
	Buckets [len(Bounds)]uint64 // not cumulative
}

// Add counts one probe.
func (l *Histogram) Add(d time.Duration) {
	l.Count++
	l.Sum += d
	for i, b := range Bounds {
		if d <= b {
			l.Buckets[i]++
			return
		}
	}
}

// Below is how many took no longer than each bound, in seconds.
func (l *Histogram) Below() map[float64]uint64 {
	all, below := make(map[float64]uint64, len(Bounds)), uint64(0)
	for i, n := range l.Buckets {
		below += n
		all[Bounds[i].Seconds()] = below
	}
	return all
}
