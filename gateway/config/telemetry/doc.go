// Package telemetry is what the configuration says of what is told about the
// traffic: logs, timelines, and messages given to a capture server.
//
// Knows: the keys below telemetry, their defaults, which of them go together.
// Must not know: other keys, how anything is remembered or sent.
// Owns: Telemetry, and its complaints.
// Entered by: package config, as part of what it reads and checks.
package telemetry
