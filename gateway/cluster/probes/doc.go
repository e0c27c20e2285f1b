// Package probes says how the pools of a node want it to be probed.
//
// Knows: modes, reply codes, which of two words is the stricter one.
// Must not know: nodes, pools, protocols, who probes and when.
// Owns: nothing.
// Entered by: gateway/cluster, once for each View.
package probes
