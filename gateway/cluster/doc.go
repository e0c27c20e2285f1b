// Package cluster knows the nodes: who they are, what the operator wants of
// them, and what is observed of them.
//
// Knows: nodes, pools and their members, activation, health per service, probe schedules.
// Must not know: sessions, algorithms, HTTP or SIP messages, configuration files.
// Owns: the View that every decision reads, and the goroutines that probe.
// Entered by: Registry (cmd, probes, operators) and View (everybody who decides).
//
// Activation is what the operator wants, health is what we observe. They are
// two axes and are never merged into one word.
package cluster
