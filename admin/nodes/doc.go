// Package nodes shows what is known of the cluster as the API does.
//
// Knows: Views, members, checks, and how many sessions and calls a node holds.
// Must not know: who asks, requests, the rest of the API.
// Owns: the shape of a node and of words for it in JSON, and what would follow from a change.
// Entered by: admin.
package nodes
