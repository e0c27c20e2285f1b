// Package configuration shows the configuration in force, with where each of
// its keys comes from, and tells what another one would change.
//
// Knows: the keys of the configuration by their tags, how YAML is written, faults with their places.
// Must not know: who asks, where files are, how a configuration comes into force.
// Owns: Line, the order of keys, and which values are never shown.
// Entered by: admin.
package configuration
