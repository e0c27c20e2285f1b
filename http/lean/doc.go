// Package lean is the short way in for requests that leave no question open.
//
// Knows: connections of clients, the narrow part of HTTP/1.1's grammar that has one reading, how an answer is framed.
// Must not know: where a request goes, sessions, nodes; TLS, HTTP/1.0, upgrades, bodies that are still to come.
// Owns: Server, Conn.
// Entered by: the HTTP front, whose listeners it stands before.
//
// A connection is read by one goroutine without a detour, and a request that
// is plain is served by it. With the first that is not, or is wrong in any way,
// the connection goes over to net/http for good, from that request's first
// byte: nothing is refused here, so that there is one judge of what is HTTP.
package lean
