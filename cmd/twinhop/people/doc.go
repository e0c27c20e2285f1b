// Package people has the verbs about who may log in, and about tokens.
//
// Knows: what the API says of users and tokens.
// Must not know: how the gateway is reached, or how passwords are kept.
// Owns: nothing.
// Entered by: the command line.
package people
