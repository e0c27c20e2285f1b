// Package noted remembers what a handler answered with.
//
// Knows: net/http's ResponseWriter.
// Must not know: requests, nodes, who the handler is.
// Owns: nothing.
// Entered by: the HTTP front, for paths that the gateway serves itself.
package noted
