// Package messages remembers, in bounded memory, which SIP messages and which
// HTTP exchanges passed the gateway, so that they stand beside the decisions
// about them on one clock.
//
// Knows: what passed, when, between whom, and of which session or call it was.
// Must not know: how a decision is made, sockets, how a message is read, who looks.
// Owns: the rings of summaries.
// Entered by: http.Front and sip.Front (what passed), admin (the messages of a session), cmd (the memory).
//
// A summary has a fixed size and is written on the data path without
// allocation. A call is kept as the mark of its Call-ID, and of a target only
// the path, without parameters: nothing here opens a session.
package messages
