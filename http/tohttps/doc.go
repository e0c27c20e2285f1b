// Package tohttps sends clients of plain HTTP to the same place by HTTPS.
//
// Knows: what a request for a place looks like, the port that HTTPS is at.
// Must not know: nodes, sessions, certificates, what is served there.
// Owns: Server.
// Entered by: the command, for listeners that do nothing else.
package tohttps
