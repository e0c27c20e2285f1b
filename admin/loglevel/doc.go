// Package loglevel is how much the process logs, and lets people change it for a while.
//
// Knows: levels of the log, times.
// Must not know: what is logged, where it goes.
// Owns: the level in force, and who set it.
// Entered by: admin; cmd/twinhop, whose log asks it.
package loglevel
