// Package remote asks a running gateway, by its unix socket or by network.
//
// Knows: the socket, tokens, JSON over HTTP, how the API says what is wrong.
// Must not know: what is asked for, how answers are printed.
// Owns: nothing.
// Entered by: the verbs of the command line, and the demo.
package remote
