// Package decode reads a YAML file into structs by the tags of their fields, and collects what is wrong with it, each complaint with its
// place, cause and remedy.
//
// Knows: YAML as far as a configuration needs it, tags, kinds of values, where each value stands, how problems are printed.
// Must not know: the keys of any file, what values mean, what does not fit together.
// Owns: Reader, Problems and how they are printed.
// Entered by: Reader.Read, and by whoever finds more to complain of.
package decode
