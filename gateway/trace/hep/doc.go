// Package hep gives SIP messages to a capture server, in the protocol that
// Homer, sngrep and Wireshark understand (HEP3).
//
// Knows: messages as package messages has them, the form of a datagram of HEP3.
// Must not know: sessions, how a message is forwarded, who configures this.
// Owns: the queue, the socket, the counts of what was sent and what was not.
// Entered by: messages.Log, for each message; cmd (Run, metrics).
//
// Message never waits: it copies into a queue of fixed size, and what finds no
// room is dropped and counted. What is sent is masked as texts of watched
// sessions are (messages.Mask), so that neither credentials nor bodies other
// than SDP leave the gateway. The server's answers, if any, are not read.
package hep
