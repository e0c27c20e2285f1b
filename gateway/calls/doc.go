// Package calls is the book of calls: which node carries which call, and how
// many each carries, for draining, shutdown and metrics.
//
// Knows: calls by their key, the node each is on, whether it was answered.
// Must not know: SIP messages, sessions, algorithms, health.
// Owns: the book. It is local to one gateway.
// Entered by: gateway (Open, Shift), the SIP front (Answer, Close), cmd (Sweep), admin (Count).
package calls
