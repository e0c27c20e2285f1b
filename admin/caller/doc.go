// Package caller carries who sends a request from the check of who it is to whoever answers.
//
// Knows: gin's contexts, who somebody can be.
// Must not know: what is asked for, how somebody was recognised.
// Owns: nothing.
// Entered by: admin and its rooms.
package caller
