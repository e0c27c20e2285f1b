// Package stream carries SIP messages over connections, plain or with TLS: accepted, adopted and dialled.
//
// Knows: connections, byte streams and where messages end in them (a Codec; RFC 3261 section 18.3), deadlines, queues, limits.
// Must not know: the meaning of SIP messages but for Content-Length, nodes, sessions, decisions, configuration, UDP.
// Owns: the goroutine of each connection and its buffers, the connections; never the listener itself.
// Entered by: Pool.Run, Pool.Adopt, Pool.Send, Pool.Find, Conn.Send, Conn.Close.
//
// One goroutine reads a connection, so that messages of one peer keep their order. Sending never waits: the system takes what it can at
// once, the rest is queued and written by a goroutine that ends with it. What was taken and could not be delivered is given back by Lost.
package stream
