// Package registrar is where the demo's nodes keep who can be called and how: SIP registrations (RFC 3261 section 10) with the way back
// to who registered (Path, RFC 3327) and several ways to one device (RFC 5626).
//
// Knows: REGISTER as sipgo reads it, and the time it is told.
// Must not know: sockets, nodes, who asks.
// Owns: the bindings of users, bounded. All nodes of the demo share one table, as a cluster replicates it.
// Entered by: cmd/twinhop/demo.
package registrar
