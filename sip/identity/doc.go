// Package identity reads out of a request whom or what it is about, as the configuration says.
//
// Knows: users, addresses of record, headers and URI parameters of a message; who of them is no identity.
// Must not know: sockets, nodes, sessions, decisions, what is done with an identity.
// Owns: nothing.
// Entered by: Source.Find and Reader.Param.
package identity
