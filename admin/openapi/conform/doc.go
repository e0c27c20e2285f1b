// Package conform holds answers of the API against its description. Only tests import it.
//
// Knows: the description, and how strictly it is meant: of an object nothing may be there that is not described.
// Must not know: handlers, servers.
// Owns: nothing.
// Entered by: tests of admin and of the assembly.
package conform
