// Package stun answers Binding requests that come to a SIP socket: the keep-alives of clients behind an address translation, which learn
// from the answer that they are still seen under the same address (RFC 5626 section 4.4.2, RFC 5389).
//
// Knows: the form of STUN messages.
// Must not know: SIP, sockets, who may ask and how often.
// Owns: nothing.
// Entered by: Answer.
//
// An answer has at most 24 bytes more than the request: there is nothing to be gained by having it sent to somebody else.
package stun
