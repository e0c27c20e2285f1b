// Package jssip is JsSIP, the SIP user agent for web pages, as one script that a page imports.
//
// Knows: nothing.
// Must not know: who serves it, and to which page.
// Owns: vendor (third parties, with their licences) and dist (the bundle, built and committed).
// Entered by: cmd/twinhop/demo, whose page calls with it.
//
// It is an ES module with the library's names (UA, WebSocketInterface, …). go generate bundles vendor into dist (bundle_test.go).
package jssip
