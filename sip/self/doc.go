// Package self knows the addresses and names of the gateway: those of its sockets, what others see instead, and by what else it goes.
//
// Knows: hosts and ports as they stand in URIs and Vias.
// Must not know: messages, nodes, decisions, configuration; which socket sends what.
// Owns: the list of aliases, which does not change.
// Entered by: Place.Is and Place.Named for one socket, Set.Find for aliases.
package self
