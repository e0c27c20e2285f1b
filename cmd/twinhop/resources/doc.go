// Package resources ties what the configuration says of resources to those who
// count them, and keeps over a restart what is in use.
//
// Knows: the words of the configuration, those of the SIP front, the book of calls, a file.
// Must not know: messages, decisions, how the book counts.
// Owns: the file of calls.
// Entered by: cmd/twinhop/assembly.
package resources
