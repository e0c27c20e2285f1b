// Package websocket is SIP over WebSocket as its server sees it: how a client comes to have one (RFC 6455 section 4, RFC 7118 section 4),
// and how messages stand in its bytes.
//
// Knows: requests for an upgrade, who may make them, frames, fragments, close codes, keep-alives, limits.
// Must not know: the meaning of SIP messages, nodes, sessions, cookies, configuration, who listens, how long anything may take.
// Owns: the state of each WebSocket: Codec; the origins allowed: Upgrader.
// Entered by: Upgrader.Upgrade (HTTP ports), Upgrader.Greet (ports of their own), Codec (sip/stream).
//
// No extension is agreed to, so the reserved bits must be zero, and what a message takes is what it says it takes.
package websocket
