// Package wstest is a client of SIP over WebSocket, for tests.
//
// Knows: the client's side of RFC 6455 and RFC 7118, which it leaves to a library that has nothing in common with the server under test.
// Must not know: the server under test.
// Owns: Conn.
// Entered by: tests, of package websocket and of whatever serves WebSockets.
package wstest
