// Package instance reads which server a URL of Restcomm's REST interface is
// about.
//
// Knows: where in such a path the id of a call stands, and what of it is the server's.
// Must not know: nodes, requests, what an escape is: it gets paths that are decoded.
// Owns: Of.
// Entered by: the HTTP front, for pools whose operator asks for it.
package instance
