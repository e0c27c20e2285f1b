// Package typed reads what somebody types: passwords, which nobody should see,
// and words of flags.
//
// Knows: terminals, forms of output.
// Must not know: what it is that was typed.
// Owns: nothing.
// Entered by: the command line.
package typed
