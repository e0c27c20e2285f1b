// Package remote asks a running gateway by its unix socket.
//
// Knows: the socket, JSON over HTTP, how the API says what is wrong.
// Must not know: what is asked for, how answers are printed.
// Owns: nothing.
// Entered by: the verbs of the command line, and the demo.
package remote
