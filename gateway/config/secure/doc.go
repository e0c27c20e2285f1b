// Package secure is what the configuration says of TLS: which certificates a
// listener has and asks for, and who is believed where we connect to.
//
// Knows: the keys below tls, which of them go together, and who can say whether the files are any good.
// Must not know: what is in the files, sockets, the keys around tls.
// Owns: TLS, Toward, and their complaints.
// Entered by: package config, as part of what it reads and checks.
package secure
