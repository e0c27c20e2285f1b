// Package openapi describes the API for programs: OpenAPI 3.1, written by hand, a file for each subject.
//
// Knows: the pieces, and how they are put together.
// Must not know: handlers; that the description is true tests of admin see to.
// Owns: the description.
// Entered by: admin, for who asks for it.
package openapi
