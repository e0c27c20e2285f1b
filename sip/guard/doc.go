// Package guard decides what a flood may cost: how much one source may send, what is dropped first when everybody sends too much, how many
// of the gateway's own refusals leave it, and which senders call themselves scanners.
//
// Knows: addresses, rates, the time it is told, five classes of messages, words.
// Must not know: SIP messages, sockets, nodes, sessions, configuration.
// Owns: the buckets, bans and counts, all of bounded size whatever is sent and from wherever.
// Entered by: Sources.Take, Gate.Admit, Refusals.Take, Scanners.Match, for each message; Apply, for new settings.
//
// Everything here may be used by several goroutines, allocates nothing per message and waits for nothing but a short lock. The zero values
// work with the defaults; a setting of 0 turns its part off. A clock that goes back, or is read by two goroutines in another order than
// they arrive, gives nobody more than was theirs.
package guard
