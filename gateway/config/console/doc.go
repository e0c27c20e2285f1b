// Package console is what the configuration says of the admin: where it is
// served, and to whom.
//
// Knows: the keys below admin, their defaults, which of them go together.
// Must not know: other keys, what the admin serves, what is in certificates.
// Owns: Admin, and its complaints.
// Entered by: package config, as part of what it reads and checks.
package console
