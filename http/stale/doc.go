// Package stale tells whether an unused connection is still good.
//
// Knows: sockets, and how to look at one without waiting.
// Must not know: any protocol, pools, requests.
// Owns: Check.
// Entered by: the backend clients h1 and ajp, before they use a kept connection again.
package stale
