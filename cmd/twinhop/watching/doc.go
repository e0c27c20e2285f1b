// Package watching has the verbs that show how a gateway is and what happens:
// status, top, events, audit.
//
// Knows: what the API says of the state at a glance, of events and of the audit.
// Must not know: how the gateway is reached.
// Owns: nothing.
// Entered by: the command line.
package watching

import "twinhop/cmd/twinhop/ask"

// asker is a verb of this room.
type asker struct{ ask.Asker }

func of(g *ask.Global) *asker { return &asker{g.Asker()} }
