// Package pace says how much work a node can take right now: while it warms
// up, and by what it reports of itself.
//
// Knows: time, shares of a weight, reports and their age.
// Must not know: nodes, pools, algorithms, who reports and in which format.
// Owns: the steps of a ramp-up, what weights cost, the last report of a node, when maintenance is due.
// Entered by: gateway/cluster, which keeps one of each per node or member; algorithms, through its members.
package pace
