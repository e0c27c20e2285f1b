// Package wire moves datagrams between sockets and the SIP front.
//
// Knows: sockets, buffers, system calls and their errors, the order of arrival.
// Must not know: the meaning of SIP messages, nodes, sessions, decisions, configuration.
// Owns: the receiving goroutine of a socket and its buffers; never the socket itself.
// Entered by: Socket.Run, Socket.Send, Outbox, ListenShards, LocalAddrs, LocalToward.
//
// One goroutine receives on a socket, so that messages of one peer keep their order. A datagram is a slice of a reused buffer.
//
// Where the system can do it (Linux), datagrams are taken and sent 32 at a time by system calls that never wait and that the scheduler is
// not told of; waiting is left to the network poller. Everywhere else, and on sockets that are not UDP, the same Handler is served one
// datagram at a time.
package wire
