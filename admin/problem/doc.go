// Package problem says what is wrong with a request, as the API answers it.
//
// Knows: RFC 9457, JSON bodies, kinds of problems.
// Must not know: what was asked for, who asked, internal errors.
// Owns: the list of kinds and the bound of a body.
// Entered by: admin.
package problem
