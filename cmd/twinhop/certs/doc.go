// Package certs reads the certificates of listeners, and of those we connect
// to, says what is wrong with their files, and reads them again when they change.
//
// Knows: PEM files and keystores, which key belongs to which certificate, when certificates end, crypto/tls's configuration.
// Must not know: sockets, handshakes, protocols above TLS, who is served.
// Owns: Keeper, what it takes for a file to have changed, and the oldest version of TLS that is spoken.
// Entered by: Examine and ExamineToward (check, run) before anything is built; Keeper.Open, Keeper.Toward and Keeper.Run afterwards.
package certs
