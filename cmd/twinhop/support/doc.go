// Package support has the verb that puts together what somebody needs who is
// asked for help.
//
// Knows: which answers of the API tell of a gateway's state without its secrets.
// Must not know: how the gateway is reached.
// Owns: nothing.
// Entered by: the command line.
package support
