// Package listing is what all lists of the API have in common.
//
// Knows: pages, places in a list, spans of time, lines of JSON.
// Must not know: what is listed, who asks.
// Owns: the shape of a page and of a cursor.
// Entered by: admin and its rooms.
package listing
