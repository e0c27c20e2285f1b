// Package sample reads out of a request, for the preview of an affinity, all
// that could be a key.
//
// Knows: parameters, cookies and fields of a request; which routes belong to nodes of its pool.
// Must not know: which of them are keys now, sessions, decisions, what is kept of values.
// Owns: nothing.
// Entered by: the HTTP front, for some requests.
package sample
