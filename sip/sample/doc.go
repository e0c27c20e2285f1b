// Package sample reads out of a request, for the preview of an affinity, all
// that could be an identity.
//
// Knows: users, addresses and headers of a message, what of its identities is excluded now.
// Must not know: sockets, sessions, decisions, what is kept of values.
// Owns: nothing.
// Entered by: sip/witness, for some requests.
package sample
