// Package trace remembers, in bounded memory, what the Router decided and
// why: every decision of every session in rings of fixed-size entries, and a
// longer timeline per session while memory lasts.
//
// Knows: decisions, what nodes taught, moves of sessions; when each happened.
// Must not know: how a decision is made, messages, sockets, who reads it.
// Owns: the rings, the timelines, the counts per rule, the subscriptions.
// Entered by: gateway.Router through gateway.Observer; admin (timelines, the live stream), cmd (Run, metrics).
//
// Values of keys are secrets or belong to people. They are shortened when
// they are written, so that nothing here can give one away later.
//
// The rings are the truth about the recent past and are written on the data
// path without allocation. A collector moves what they hold to the timelines,
// which live in a cache that may refuse or drop them: that loses history, is
// counted, and is never an error.
package trace
