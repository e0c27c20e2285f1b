// Package config reads twinhop.yaml into plain data and tells everything that
// is wrong with it at once, each complaint with its place, cause and remedy.
//
// Knows: the keys of the file, their defaults and bounds, the names of their forms, and what does not fit together.
// Must not know: the objects built from it, sockets, YAML, algorithms beyond the words it is given.
// Owns: Config, what it means to leave something out, and which values go together.
// Entered by: Parse (run, check, the demo) and the importers of other products' files.
//
// Two rules hold for every key: absent is the default, 0 is off.
package config
