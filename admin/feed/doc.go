// Package feed hands what happens to open pages.
//
// Knows: topics, events with their data in JSON, pages that come, go and are slow.
// Must not know: what the events mean, who may see them, how they are written.
// Owns: the last events, for those who come back, and the queues of the pages.
// Entered by: admin.
package feed
