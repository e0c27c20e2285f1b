// Package httpwords says what the configuration says in the words of the HTTP
// front.
//
// Knows: the configuration's keys of HTTP, pools and mounts, the HTTP front's settings.
// Must not know: sockets, other fronts, how anything is decided.
// Owns: nothing; it translates.
// Entered by: the assembly, at the start and with every reload.
package httpwords
