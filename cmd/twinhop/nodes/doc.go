// Package nodes has the verbs about nodes: list, change and drain them, and
// what calls take of them.
//
// Knows: what the API says of nodes, drains and resources.
// Must not know: how the gateway is reached.
// Owns: nothing.
// Entered by: the command line.
package nodes
