// Package trail puts what passed for a session and what was decided of it on
// one clock.
//
// Knows: decisions, SIP messages and HTTP exchanges of one session.
// Must not know: who may ask, how messages are remembered and what is hidden in them.
// Owns: the shape of a merged timeline in JSON, as text and as a capture of packets.
// Entered by: admin.
package trail
