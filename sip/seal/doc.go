// Package seal signs what the gateway writes into messages for itself to read again: Via branches the node hint in Record-Route, and
// the tokens of flows.
//
// Knows: keyed hashes, the text form of branches, hints and tokens.
// Must not know: messages, sockets, nodes, sessions, decisions, configuration.
// Owns: the derived keys.
// Entered by: Secrets.Keys, then Keys.Bind for branches and Keys.AppendHint and Keys.ReadHint or Hints.Read for hints, Keys.AppendFlow and
// Keys.ReadFlow for tokens.
//
// Everything is deterministic: gateways with the same secret, and one gateway before and after a restart, write the same text (RFC 3261
// section 16.11). Nothing allocates but what the caller's slices need to grow.
package seal
