// Package h1 is a lean HTTP/1.1 client toward the nodes.
//
// Knows: HTTP/1.1 framing (RFC 9112), kept connections per node address, time limits of one exchange.
// Must not know: which node is right, sessions, cookies, clients, status policy.
// Owns: Client with its pools, Prober, Error.
// Entered by: the HTTP front through head.Backend; the command, which builds and runs it.
//
// An answer is read on the caller's own goroutine. A request that is wholly in
// memory is written there too, in one write; only a body that still has to
// come from the client is sent by one extra goroutine, which ends with the
// exchange. The parser of answers is strict: what could be read in two ways is
// refused, and the connection with it.
package h1
