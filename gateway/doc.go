// Package gateway decides which node serves a message. It is the whole
// policy of the product and none of its plumbing.
//
// Knows: evidence, hints, sessions, members, algorithms, and in which order they count.
// Must not know: sockets, HTTP or SIP messages, status codes, goroutines, clocks, logs.
// Owns: the steps of a decision (steps.go) and the closed list of rules (rule.go).
// Entered by: the fronts (Try, Route, Learn), admin and operators (Explain, Switchover).
package gateway
