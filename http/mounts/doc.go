// Package mounts tells which rule of a URI map a request's path belongs to.
//
// Knows: how a servlet container sees a path, mod_jk's patterns and which of them goes first.
// Must not know: what a rule leads to beyond its name: pools, nodes, requests, sockets.
// Owns: the canonical path, the URI map.
// Entered by: the HTTP front.
package mounts
