// Package capacity counts what calls take of the resources that a member of a
// pool has: channels, transcoders, trunks.
//
// Knows: resources by their names, how much of each there is, what a call needs.
// Must not know: nodes, pools, calls, who decides what a call needs.
// Owns: what is in use of a member. Nothing is promised twice.
// Entered by: gateway/cluster, which keeps one Load per member; the book of calls and algorithms, through its members.
package capacity
