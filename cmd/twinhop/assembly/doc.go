// Package assembly builds a gateway from a configuration and starts and
// stops its parts in order. Nothing else sees all of them.
//
// Knows: every room of the program, the order in which they start and stop, files and sockets.
// Must not know: what a message means, how a node is chosen, the command line.
// Owns: the sockets, the secrets file, the state directory, the goroutines of the process.
// Entered by: Build and Gateway.Run (the commands run and demo).
package assembly
