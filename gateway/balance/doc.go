// Package balance holds the algorithms that pick a node for new work.
//
// Knows: pool members, their weights and load, the keys a pick may be seeded by.
// Must not know: who owns which session, HTTP or SIP messages, health rules.
// Owns: the map of algorithm names; each algorithm owns its own counters.
// Entered by: gateway, with members that are all eligible; it never filters.
package balance
