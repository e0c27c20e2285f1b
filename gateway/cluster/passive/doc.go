// Package passive judges a service by its answers, besides failures: too many
// errors, or too long a silence, take it out.
//
// Knows: status codes, how many requests were sent and answered, time.
// Must not know: nodes, pools, probes, what follows from a verdict.
// Owns: the counts of one service since its last good answer.
// Entered by: gateway/cluster, which keeps one Signs per service of a node.
package passive
