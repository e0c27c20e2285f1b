// Package handshake makes TLS connections of plain ones before anybody else
// sees them, so that those who never finish cost little and end soon.
//
// Knows: TLS handshakes, why they fail, how long they may take and how many there may be.
// Must not know: certificates' files, what is spoken by TLS, nodes, sessions.
// Owns: connections from accept to the end of their handshake.
// Entered by: Listener, in place of the plain listener of HTTP or SIP.
package handshake
