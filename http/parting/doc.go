// Package parting closes what is open to nodes that leave.
//
// Knows: that a node left, and the addresses of those that are there.
// Must not know: connections, protocols, why a node left.
// Owns: Run.
// Entered by: the command, with the cluster and who keeps connections.
package parting
