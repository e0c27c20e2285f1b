// Package certs reads the certificates of listeners from PEM files, says what
// is wrong with them, and reads them again when they change.
//
// Knows: PEM files, which key belongs to which certificate, when certificates end, crypto/tls's configuration.
// Must not know: sockets, handshakes, protocols above TLS, who is served.
// Owns: Keeper, what it takes for a file to have changed, and the oldest version of TLS that is spoken.
// Entered by: Examine (check, run) before anything is built; Keeper.Open and Keeper.Run afterwards.
package certs
