// Package sip is the SIP door: it forwards datagrams between the world and the nodes, byte for byte but for what a proxy must change.
//
// Knows: SIP proxy rules (RFC 3261 section 16, stateless by 16.11), Via and Record-Route, evidence in messages, status codes.
// Must not know: HTTP, configuration files, how a node is chosen, what a session is.
// Owns: the sockets' loops, signed branches and hints, the answers it makes itself.
// Entered by: Front.Run, Apply, Drain; Prober.Probe for the health of nodes.
//
// A request from a client becomes evidence, the Router names a node, and the bytes leave with two Vias, and two Record-Routes that carry the
// node in a signed parameter. A request from a node goes where its Route or Request-URI says; nobody else's goes anywhere but to a node.
// A response goes back by the Vias we wrote, or nowhere.
package sip
