// Package asis reads mod_jk's files for a gateway that runs them as they are, and the map of URIs again when it changed.
//
// Knows: that the files mean what is made of them, and which of their lines may be left out.
// Must not know: any directive, how a gateway is built, when to look at a file.
// Owns: nothing.
// Entered by: Load, Reload (twinhop run and check).
package asis
