// Package http is the HTTP front: it takes requests from clients, has the
// Router choose a node for each, and exchanges them with that node.
//
// Knows: request heads and bodies, mounts, where a session id or key stands in a request, what of an answer concerns it.
// Must not know: SIP, the configuration file, how a node is chosen, how the affinity table keeps anything.
// Owns: Front, Settings and words, the way a request takes (visit.go), status codes (status.go), the loop guard.
// Entered by: Run for clients, with http/lean and net/http's server behind it; the command, which builds it.
//
// A request is turned into a head.Request first: by http/lean if it is plain
// (short.go), else from net/http's (lane.go). Mapping, evidence, decision and
// rewriting work on that alone, and neither node nor client can tell which way
// a request came. The bytes of the target that a node gets are those the client
// sent; decisions are made on a canonical copy.
package http
