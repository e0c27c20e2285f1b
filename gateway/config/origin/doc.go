// Package origin tells, of a configuration that was made of other files, where its lines come from, and puts what those
// files do not say behind it.
//
// Knows: the comments behind the lines of a made configuration.
// Must not know: whose files they are, what the keys mean.
// Owns: nothing.
// Entered by: Text.Whole, Text.Locate (gateway/config/modjk/asis).
package origin
