// Package beats is what the configuration says of heartbeats: where nodes may
// tell of themselves, and which of them are heard.
//
// Knows: the keys below heartbeat, their defaults, which of them go together.
// Must not know: other keys beyond what Around tells, what a heartbeat says, sockets.
// Owns: Heartbeat, and its complaints.
// Entered by: package config, as part of what it reads and checks.
package beats
