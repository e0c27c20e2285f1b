// Package beat reads the heartbeats that application servers send by SIP.
//
// Knows: the headers that mark one, the notation of Java properties.
// Must not know: sockets, nodes, what the properties mean, who may send them.
// Owns: nothing.
// Entered by: Begins for what has just come, Read for a message that was scanned.
package beat
