// Package affinity shows what ties messages to application sessions, and takes
// changes of it.
//
// Knows: the keys of affinity in the configuration, their shape in JSON, versions of them.
// Must not know: who asks, how a change comes into force, where it is kept.
// Owns: Document, its ETag, and the answers about it.
// Entered by: admin; cmd/twinhop/affinity for the ETag.
package affinity
