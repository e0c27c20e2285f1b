// Package manual writes down the command line: as the page of the
// documentation, as man pages, and as completion for shells.
//
// Knows: the tree of commands, their words and flags; markdown, man(7).
// Must not know: what a command does.
// Owns: nothing.
// Entered by: the verbs man and completion, and the test of the page.
package manual
