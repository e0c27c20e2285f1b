// Package groups finds the pool that a call was placed in, where rules place
// calls in more than one.
//
// Knows: pools and who is in them, the book of calls, the affinity table, what a message says of its call.
// Must not know: SIP, the rules that choose a pool, who of a pool serves.
// Owns: the order in which all of them are asked.
// Entered by: sip, once for each message where there are groups.
package groups
