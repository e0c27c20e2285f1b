// Package messages remembers, in bounded memory, which SIP messages and which
// HTTP exchanges passed the gateway, so that they stand beside the decisions
// about them on one clock.
//
// Knows: what passed, when, between whom, and of which session or call it was.
// Must not know: how a decision is made, sockets, who looks.
// Owns: the rings of summaries, the texts of watched sessions, what is hidden in them.
// Entered by: http.Front and sip.Front (what passed), trace.Log (calls of sessions), admin (watch, the messages of a session), cmd (the memory).
//
// A summary has a fixed size and is written on the data path without
// allocation. A call is kept as the mark of its Call-ID, and of a target only
// the path, without parameters: nothing here opens a session. Texts are kept
// only of sessions that somebody watches, and of a share of all if that is
// wanted, and masked before they are kept.
package messages
