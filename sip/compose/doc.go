// Package compose makes messages of the gateway's own out of others.
//
// Knows: which lines a CANCEL, an ACK and an answer have from the message they belong to.
// Must not know: sockets, nodes, transactions, decisions, configuration.
// Owns: nothing.
// Entered by: HopByHop, Refusal and Answer.Write.
package compose
