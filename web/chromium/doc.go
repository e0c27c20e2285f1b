// Package chromium opens pages in a real browser for tests.
//
// Knows: which flags a headless Chromium wants on a machine of no display.
// Must not know: what the pages are.
// Owns: Open, Wait, Page.
// Entered by: the tests of admin, http, the program, its assembly, the demo and e2e.
package chromium
