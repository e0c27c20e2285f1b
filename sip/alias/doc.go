// Package alias knows the names and addresses by which others speak of the gateway and that none of its sockets has.
//
// Knows: hosts and ports as they stand in URIs.
// Must not know: messages, sockets, nodes, decisions, configuration.
// Owns: the list, which does not change.
// Entered by: New, then Set.Find.
package alias
