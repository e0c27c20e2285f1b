// Package crowd bounds how many connections clients have, all together and
// from one source.
//
// Knows: addresses of clients, connections from accept to close.
// Must not know: TLS, requests, nodes, who is exempt and why.
// Owns: Crowd, the counts.
// Entered by: Crowd.Listener, in place of the plain listener.
package crowd
