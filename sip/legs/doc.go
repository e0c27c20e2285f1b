// Package legs is the addresses that the gateway serves, each with its transport: which of them a message leaves by, and what is one of them.
//
// Knows: transports and their words, sockets and connections as they are opened, the addresses and names of the gateway.
// Must not know: messages, nodes, decisions, configuration.
// Owns: nothing that runs; the sockets belong to who opened them, the loops to who serves them.
// Entered by: New, then Set.Leave, Self, Of and Is for each message.
package legs
