// Package peek finds what a SIP forwarder must know in the bytes of a message, and builds the outgoing bytes from the incoming ones.
//
// Knows: SIP header grammar (RFC 3261 section 25, RFC 3581), byte offsets, edits.
// Must not know: sockets, nodes, sessions, decisions, status codes, configuration.
// Owns: nothing; a Message points into the caller's buffer, an Edits into its own scratch.
// Entered by: Message.Scan, then Edits.Apply.
//
// One pass records spans (offsets), never strings, and allocates nothing. Whatever is not edited leaves as it came, byte for byte: a proxy that
// parses and prints again loses what it did not understand. A Message is reused for each datagram; nothing in it outlives the buffer.
package peek
