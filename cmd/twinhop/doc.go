// Command twinhop serves HTTP and SIP in front of a cluster of application
// servers, and keeps both protocols of one application session on one node.
//
// Knows: the command line, exit codes, signals.
// Must not know: how a gateway is built or what it does.
// Owns: standard output and error, the process and its end.
// Entered by: the operating system.
package main
