// Package siplisten is where the configuration says that SIP is listened for,
// and what those addresses are called elsewhere.
//
// Knows: the keys below listen.sip, which transports there are, which of them a peer can be reached by.
// Must not know: nodes' keys, how anything is sent, what is in certificates.
// Owns: Listen, Side, and their complaints.
// Entered by: package config, as part of what it reads and checks.
package siplisten
