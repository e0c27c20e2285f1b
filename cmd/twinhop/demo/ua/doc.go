// Package ua is a small SIP user agent over UDP: what a node of the demo and a telephone have in common.
//
// Knows: SIP as sipgo speaks it; dialogs as plain data, so that another node can go on with them.
// Must not know: the demo's nodes, sessions and gateway.
// Owns: a socket and its transactions.
// Entered by: cmd/twinhop/demo.
package ua
