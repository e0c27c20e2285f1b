// Package axe looks for what keeps people from using a page: axe-core, which
// knows the rules of WCAG, asked from tests.
//
// Knows: how a page in a browser is asked.
// Must not know: what the pages are.
// Owns: the script, which findings count.
// Entered by: the tests of admin and e2e.
//
// axe.min.js is axe-core 4.14.1 (MPL-2.0), unchanged, as its npm package ships
// it. It is in no program: only tests import this package.
package axe
