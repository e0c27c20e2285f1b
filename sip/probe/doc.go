// Package probe asks nodes whether they serve SIP.
//
// Knows: OPTIONS and its answers, UDP, TCP and TLS, the pace of repetitions (RFC 3261 sections 11 and 17.1.2).
// Must not know: traffic, sessions, decisions, what becomes of a result.
// Owns: the socket of one probe, for as long as it lasts.
// Entered by: cluster, through Prober.
package probe
