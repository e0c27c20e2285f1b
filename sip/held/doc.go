// Package held keeps requests while they may yet come back: because no connection can be made for them, or nobody takes their datagram.
//
// Knows: requests by an opaque name, how much memory they take, the time passed in.
// Must not know: sockets, messages, nodes, what becomes of a request.
// Owns: what is held.
// Entered by: Requests.Keep, Take and Sweep.
package held
