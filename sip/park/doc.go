// Package park keeps messages that wait until a name is looked up, off the goroutines that receive.
//
// Knows: names to look up, how many wait for each.
// Must not know: messages, sockets, nodes, what becomes of a message.
// Owns: what waits, and a goroutine for each name that is looked up.
// Entered by: New, then Lot.Keep and Renew for each message, Lot.Wait at the end.
package park
