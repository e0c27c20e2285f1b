// Package kept keeps what a process knows in a file while it is away.
//
// Knows: files: who may use them, how one is replaced as a whole.
// Must not know: what is in them.
// Owns: File, how often it is written, and what is told when that fails.
// Entered by: cmd/twinhop/resources for calls, cmd/twinhop/hearts for nodes that announced themselves.
package kept
