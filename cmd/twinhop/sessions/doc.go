// Package sessions has the verbs about application sessions: find, show, move
// and forget them, and see what passed for one.
//
// Knows: what the API says of sessions and timelines.
// Must not know: how the gateway is reached.
// Owns: nothing.
// Entered by: the command line.
package sessions
