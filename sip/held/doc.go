// Package held keeps requests while a connection is made for them, so that they can be given to somebody else when none is.
//
// Knows: requests by an opaque name, how much memory they take, the time passed in.
// Must not know: sockets, messages, nodes, what becomes of a request.
// Owns: what is held.
// Entered by: Requests.Keep, Take and Sweep.
package held
