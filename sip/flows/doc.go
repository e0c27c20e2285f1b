// Package flows knows the ways back to clients that nobody can call: who sits behind an address translation or in a browser is reached by
// what he has opened himself (RFC 5626), or not at all.
//
// Knows: what in a request says that its sender is such a client, the names without address that WebSocket clients give themselves, the
// pages that WebSockets belong to, what a certificate names.
// Must not know: nodes, where any other request goes, how a token is signed.
// Owns: the tables of names and of pages.
// Entered by: Ways.Adopt, Hear, Registered and Part for connections; Ways.Follow, Named and Page, Leans and Path for messages.
package flows
