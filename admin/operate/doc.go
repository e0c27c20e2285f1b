// Package operate does what an operator asks for and what takes its time:
// draining nodes.
//
// Knows: names of nodes, what the operator wants of them, how much they still hold.
// Must not know: who may ask, HTTP, how nodes are shown, why a node is drained.
// Owns: the operations, running and lately ended.
// Entered by: admin.
package operate
