// Package meter counts the SIP messages that pass and those that do not.
//
// Knows: methods, classes of codes, directions, words for transports.
// Must not know: sockets, nodes, sessions, decisions, configuration; why something is dropped.
// Owns: the counters.
// Entered by: New, then the methods of Metrics, for every message.
package meter
