// Package live follows what changes, keeps it as events, and hands it to open pages.
//
// Knows: Views, what happens to sessions, counters, topics, server-sent events.
// Must not know: how somebody is recognised, what the overview has in it.
// Owns: the events, the short past of counters, the stream.
// Entered by: admin.
package live
