// Package head holds the head of an HTTP request or response in the form the
// gateway works on, and the one interface behind which every protocol toward
// a node lives.
//
// Knows: field lists, request targets, body lengths, the contract of an exchange with a node.
// Must not know: sockets, pools, routing, sessions, status policy, any server library's request type (roundtrip.go excepted).
// Owns: Fields, Request, Response, Wire, Backend, BodyError.
// Entered by: the HTTP front, the backend clients h1 and ajp, and their tests.
//
// A head is an ordered list, not a map: names keep their spelling and fields
// keep their order, because both are visible to applications and because a
// list of a dozen entries is faster to search than a map is to build. A
// request target is kept byte for byte; whoever decides something from it
// makes a canonical copy for that purpose and leaves the original alone.
package head
