// Package hearts lets nodes announce themselves: it builds the roster and the receivers of heartbeats from what the configuration says.
//
// Knows: the keys of heartbeat, the roster, the receivers for JSON and RMI, how the admin shows a node.
// Must not know: how sockets are bound, when the process starts and stops, what a heartbeat looks like on the wire.
// Owns: Hearts, the metrics of heartbeats, the file of announced nodes.
// Entered by: assembly, for the start, every reload and the commands of operators.
package hearts
