// Package moves takes sessions from one node to another by somebody's word.
//
// Knows: routes and names of nodes, the affinity table and what it can move.
// Must not know: messages, decisions, who may give such a word.
// Owns: switchover of a node, relocation of a session with its calls.
// Entered by: gateway.Router, for nodes and operators.
package moves
