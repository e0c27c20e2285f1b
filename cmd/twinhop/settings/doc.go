// Package settings has the verbs about the configuration of a running
// gateway, about what ties messages to sessions in it, and how much it logs.
//
// Knows: what the API says of the configuration, of affinity and of the log's level.
// Must not know: how the gateway is reached, what a key means.
// Owns: nothing.
// Entered by: the command line.
package settings

import "twinhop/cmd/twinhop/ask"

// asker is a verb of this room.
type asker struct{ ask.Asker }

func of(g *ask.Global) *asker { return &asker{g.Asker()} }
