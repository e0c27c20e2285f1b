// Package trail puts what passed for a session and what was decided of it on
// one clock.
//
// Knows: decisions, SIP messages and HTTP exchanges of one session.
// Must not know: who asks, HTTP, how messages are remembered.
// Owns: the shape of a merged timeline in JSON.
// Entered by: admin.
package trail
