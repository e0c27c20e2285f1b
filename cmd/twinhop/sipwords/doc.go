// Package sipwords says in the words of the SIP front what the configuration says.
//
// Knows: the words of the configuration, those of the SIP front.
// Must not know: messages, decisions, when a configuration counts.
// Owns: nothing.
// Entered by: cmd/twinhop/assembly.
package sipwords
