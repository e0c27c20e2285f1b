// Package settings has the verbs about the configuration of a running
// gateway, and about what ties messages to sessions in it.
//
// Knows: what the API says of the configuration and of affinity.
// Must not know: how the gateway is reached, what a key means.
// Owns: nothing.
// Entered by: the command line.
package settings

import "twinhop/cmd/twinhop/ask"

// asker is a verb of this room.
type asker struct{ ask.Asker }

func of(g *ask.Global) *asker { return &asker{g.Asker()} }
