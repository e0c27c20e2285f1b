// Package legacy knows the words that the SIP balancers of Mobicents and Restcomm left in messages, and that their nodes still write.
//
// Knows: node_host, node_port and version in a URI.
// Must not know: sockets, nodes, sessions, decisions, configuration.
// Owns: nothing.
// Entered by: Read for a URI that came, Write for one that leaves.
//
// Nothing of it is signed: who reads it must hold it against what he knows himself.
package legacy
