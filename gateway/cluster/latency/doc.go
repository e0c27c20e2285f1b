// Package latency counts how long probes took.
//
// Knows: durations, the bounds of the buckets.
// Must not know: nodes, probes, what reads the counts.
// Owns: nothing; each Histogram belongs to the Check it is in.
// Entered by: gateway/cluster, after each probe and for its metrics.
package latency
