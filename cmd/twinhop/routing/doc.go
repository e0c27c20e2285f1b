// Package routing is the verb that tells where a message would go: by a running gateway, or by a configuration alone.
//
// Knows: how a message is given on the command line, what is answered about it.
// Must not know: how a message is read, how it is decided.
// Owns: nothing.
// Entered by: the program, for `twinhop route`.
package routing
