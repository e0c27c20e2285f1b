// Package history keeps a short past of counters, for rates and small charts.
//
// Knows: counters that only grow, levels, steps of time, nodes by name.
// Must not know: what is counted beyond its name, who asks, where a look comes from.
// Owns: the looks of the last seconds and the series behind the charts.
// Entered by: admin, which takes a look each second.
package history
