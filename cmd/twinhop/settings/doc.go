// Package settings has the verbs about the configuration of a running
// gateway.
//
// Knows: what the API says of the configuration.
// Must not know: how the gateway is reached, what a key means.
// Owns: nothing.
// Entered by: the command line.
package settings
