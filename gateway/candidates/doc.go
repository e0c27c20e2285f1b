// Package candidates finds which members of a pool come into question for one
// message.
//
// Knows: pools and members, what the message needs and where it was tried already.
// Must not know: sessions, keys, algorithms, who of the candidates is taken.
// Owns: the lists of those who may serve something new, stand in for another, be a home, or be tried in error.
// Entered by: gateway, once for each message.
package candidates
