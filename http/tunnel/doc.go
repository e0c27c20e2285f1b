// Package tunnel passes bytes between a client and a node after an upgrade.
//
// Knows: two connections, and when either is done.
// Must not know: what is said on them, requests, sessions.
// Owns: Tunnel, Set.
// Entered by: the HTTP front, when a node has granted an upgrade.
package tunnel
