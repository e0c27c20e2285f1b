// Package witness tells of SIP messages that passed: it counts them, and has
// them remembered for whoever looks at their session.
//
// Knows: which message came or left, by which listener, and who the peer is.
// Must not know: why it went there, sockets, what is kept of it and for how long.
// Owns: nothing.
// Entered by: the SIP front, for each message that came and each that left.
package witness
