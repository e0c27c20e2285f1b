// Package show says what is known of sessions and operations as the API does.
//
// Knows: Sessions, their keys and timelines, and what each role may see of them; drains.
// Must not know: who asks, HTTP, how sessions are found.
// Owns: the shape of sessions, events and operations in JSON, and what of them is masked.
// Entered by: admin.
package show
