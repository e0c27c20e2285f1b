// Package ajp is a client of AJP13, the binary protocol of servlet containers
// that mod_jk speaks toward them.
//
// Knows: AJP13 packets, kept connections per node address, time limits and pings of a connection.
// Must not know: which node is right, sessions, cookies, clients, status policy.
// Owns: Client with its pools, Settings, Attribute, Variables, Prober, Error.
// Entered by: the HTTP front through head.Backend; the command, which builds and runs it.
//
// One connection carries one exchange at a time. The container asks for the
// request's body piece by piece, so everything, the sending of the body
// included, happens on the caller's own goroutine. The reader of packets is
// strict: whatever is longer, shorter, twice or out of turn ends the
// connection, and a connection is kept only when nothing is outstanding on it,
// for otherwise the next exchange would get this one's answer.
package ajp
