// Package sockets opens the sockets of the process, all before anything is
// served.
//
// Knows: which addresses the configuration asks for, how sockets are opened, and why one could not be.
// Must not know: what comes by them, certificates, who serves them.
// Owns: Sockets until they are closed.
// Entered by: Bind, when a gateway is built.
package sockets
