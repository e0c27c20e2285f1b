// Package act is what a request turns out to do, told by whoever does it to whoever writes it down.
//
// Knows: gin's contexts, who somebody can be.
// Must not know: what is done with it.
// Owns: nothing.
// Entered by: admin and its rooms.
package act
