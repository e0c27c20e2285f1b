// Package flows knows the ways back to clients that nobody can call: who sits behind an address translation or in a browser is reached by
// what he has opened himself (RFC 5626), or not at all.
//
// Knows: what in a request says that its sender is such a client, the names without address that WebSocket clients give themselves, the
// pages that WebSockets belong to, what a certificate names.
// Must not know: sockets, nodes, where a request goes, how a token is signed.
// Owns: the table of names, the table of pages.
// Entered by: Names, Pages; Leans, Registration and Certified for one message.
package flows
