// Package follow keeps the correction of clients from going round in circles.
//
// Knows: how often a client that came with one session id and route was sent back, here and by other gateways with the same secrets.
// Must not know: requests, sessions, nodes, what a correction looks like.
// Owns: Guard, the cookie with the count (twinhop_corrected).
// Entered by: the HTTP front, when it considers to correct a client and when it did.
package follow
