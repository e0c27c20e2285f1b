// Package jsonlines is how what has to outlive a process is written to a file:
// a line that says what it is, then one record a line, as JSON.
//
// Knows: how such a file is written, and read by somebody who does not trust it.
// Must not know: what the records are, where the file is.
// Owns: Save, Load, Format.
// Entered by: gateway/calls, gateway/heartbeat.
package jsonlines
