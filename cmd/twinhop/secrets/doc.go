// Package secrets holds the master keys of a cluster of gateways, and derives a key for each purpose.
//
// Knows: the file of keys and who may read it, how keys are derived, what they are for.
// Must not know: what is signed or sealed with them.
// Owns: the secrets file.
// Entered by: Load, when a gateway is built.
package secrets
