// Package upload reads the body that a client sends.
//
// Knows: how long a client may pause and how slowly it may send, how net/http's server is told to stop reading.
// Must not know: what a body is for, where it goes, how the request is answered.
// Owns: Body.
// Entered by: the HTTP front, for bodies that are not in memory yet.
package upload
