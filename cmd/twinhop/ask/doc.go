// Package ask is what the verbs that ask a running gateway have in common:
// whom they ask, how answers are printed, what they end with.
//
// Knows: global flags, forms of output, exit codes.
// Must not know: what is asked for.
// Owns: nothing.
// Entered by: the verbs, and the program around them.
package ask
