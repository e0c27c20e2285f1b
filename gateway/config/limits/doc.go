// Package limits is what the configuration says of how much clients may cost.
//
// Knows: the keys below limits, their defaults and bounds, which of them go together.
// Must not know: other keys beyond what Around tells, who holds anybody to a limit.
// Owns: Limits, and its complaints.
// Entered by: package config, as part of what it reads and checks.
package limits
