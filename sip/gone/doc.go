// Package gone remembers who was a node not long ago.
//
// Knows: nodes, their SIP addresses and incarnations.
// Must not know: messages, sockets, decisions.
// Owns: the nodes that have left, for a while.
// Entered by: Nodes.Watch, again and again; At and Named for what comes from one, or is for one.
package gone
