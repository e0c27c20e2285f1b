// Package pending is the state machine of the INVITE that is not answered yet: what lets a gateway give a caller's first INVITE to another
// node when the one it was given to is silent, gone or unwilling.
//
// Knows: transactions by an opaque key, attempts, nodes, status codes, the timers of RFC 3261 sections 16 and 17.
// Must not know: sockets, the bytes of messages beyond where the body begins, affinity, configuration files, the time of day.
// Owns: the table of unanswered INVITEs with a copy of each, until they are answered and a little longer.
// Entered by: the SIP front, for every INVITE that begins a dialog with a node, its answers, its CANCEL and the ACK of its refusal; a ticker.
//
// A proxy that keeps nothing cannot save a call once a 100 has gone up: the caller then stops repeating its INVITE, and one lost datagram
// toward the node is the end of the call. Mode is chosen per request (RFC 3261 section 16.11), so this state is kept for such INVITEs only;
// everything else stays stateless, and so does what comes when the table is full, or after a restart.
//
// The Table decides and a Stage executes: it sends, withdraws and answers. The Table never calls the clock: every event brings the time, and
// Tick does what became due. Events may come from any goroutine; those of one transaction are put in order by the lock of its stripe, which is
// held while the Stage works. Nothing is allocated for a call once the free lists have what it needs.
//
// An attempt is live while its answers are the caller's; an abandoned one is withdrawn as soon as RFC 3261 section 9.1 allows, and of its
// answers only a 2xx still goes up (section 16.7 item 5).
package pending
