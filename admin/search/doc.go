// Package search finds application sessions for people: by any key they hold,
// by a part of a name, by node and state, newest first and in parts.
//
// Knows: the affinity table, what people type into a search box.
// Must not know: who asks, how a session is shown, HTTP, the log.
// Owns: the syntax of a search, cursors.
// Entered by: admin.
package search
