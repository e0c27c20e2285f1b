// Package wire moves datagrams between sockets and the SIP front.
//
// Knows: packet sockets, buffers, socket errors, the order of arrival.
// Must not know: SIP, nodes, sessions, decisions, configuration.
// Owns: the receiving goroutine of a socket and its buffer; never the socket itself.
// Entered by: Socket.Run and Socket.Send.
//
// One goroutine receives on a socket, so that messages of one peer keep their order. A datagram is a slice of one reused buffer.
package wire
