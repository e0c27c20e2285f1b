// Package locate finds where a SIP request goes next: addresses, ports and transports of what a URI names (RFC 3263).
//
// Knows: the rules of RFC 3263 and RFC 2782, DNS records, how long they live, hashes of transactions as numbers.
// Must not know: SIP messages, sockets of the front, nodes, sessions, which addresses are fit to be sent to, configuration.
// Owns: the memory of names; look-ups run on the goroutine of the caller.
// Entered by: Locator.Find by the packet loop, Locator.Ask beside it.
//
// Find never waits: it answers from memory or says that somebody must Ask. What it answers follows from the records and the seed alone, so that
// gateways which know the same records send a request, its repetitions, its CANCEL and the ACK of its refusal to the same place (RFC 3263
// section 4.4), while different transactions spread as the weights of the records say. A change of the records moves only the transactions
// whose target went.
package locate
