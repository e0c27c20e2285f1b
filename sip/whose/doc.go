// Package whose tells which node an address is of.
//
// Knows: the nodes of a View with their addresses of SIP, how hosts are written.
// Must not know: messages, sockets, which side somebody stands on.
// Owns: nothing.
// Entered by: the SIP front.
package whose
