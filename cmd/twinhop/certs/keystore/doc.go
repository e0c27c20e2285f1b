// Package keystore reads Java's keystores, JKS and PKCS #12, as keytool makes them.
//
// Knows: the two formats, how their keys are encrypted, and which key Java's default key manager takes first.
// Must not know: files, listeners, whether a certificate is still valid, what it is for.
// Owns: how much work a file may ask for.
// Entered by: Read (cmd/twinhop/certs).
package keystore
