// Package recovery holds the failures of HTTP traffic against a pool member,
// in the way of mod_jk.
//
// Knows: the states of a member, how long each lasts, what leads from one to the next.
// Must not know: nodes, pools, requests, who is chosen.
// Owns: the state of one member and when it failed.
// Entered by: gateway/cluster, which keeps one Machine per member.
package recovery
