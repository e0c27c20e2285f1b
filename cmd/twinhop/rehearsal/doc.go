// Package rehearsal has the fronts rehearse a message: the very code that serves one reads it, asks the Router and writes what would leave,
// and nothing leaves.
//
// Knows: both fronts, how one of each is made that has no consequence.
// Must not know: configuration, who asks, what the answer looks like to him.
// Owns: nothing; what a rehearsal needs ends with it.
// Entered by: Stage.Play, for the route tester.
package rehearsal
