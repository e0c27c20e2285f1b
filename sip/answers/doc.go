// Package answers is the answers that the gateway gives itself, and what those that pass by mean to it.
//
// Knows: status codes of SIP and their words.
// Must not know: messages, nodes, why something is answered.
// Owns: nothing.
// Entered by: the SIP front.
package answers
