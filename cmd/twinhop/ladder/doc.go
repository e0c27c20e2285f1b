// Package ladder draws what passed between clients, the gateway and nodes as
// text: a lane for each of them, an arrow for each message.
//
// Knows: the items of a session's timeline, columns of a terminal.
// Must not know: where the items come from.
// Owns: nothing.
// Entered by: the verb trace.
package ladder
