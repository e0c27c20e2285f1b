// Package sheet writes a configuration for people: one line for each value, and behind it where the value comes from.
//
// Knows: YAML as far as it is written, how a configuration is laid out, what may stand in a comment.
// Must not know: other products, what keys and values mean.
// Owns: Sheet with its parts, Quote and List.
// Entered by: Sheet.Bytes.
package sheet
