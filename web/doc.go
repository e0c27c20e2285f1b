// Package web is the user interface of the admin, as files.
//
// Knows: its own pages, scripts and styles, and the admin's JSON API.
// Must not know: anything of the process that serves it.
// Owns: src (written), vendor (third parties, with their licences), dist (built and committed).
// Entered by: admin, which serves Files.
//
// go generate bundles src and vendor into dist (bundle_test.go). Nothing else is
// needed, and nothing is loaded from anywhere else at run time.
package web
