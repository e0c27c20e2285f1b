// Package events keeps what happened that operators want to hear of.
//
// Knows: what can happen, how grave it is, lists.
// Must not know: who is told, where it was found out.
// Owns: the events in memory, their words and their numbers.
// Entered by: admin and admin/live.
package events
