// Package conns keeps the connections to nodes that are open and unused, one
// pool per address.
//
// Knows: how many connections an address may have, how long an unused one is kept, who waits for one.
// Must not know: any protocol, sockets, requests, nodes, how a connection is opened.
// Owns: Pools, Pool, Limits, Conn, ErrFull.
// Entered by: the backend clients h1 and ajp.
//
// Nothing here opens a connection: whoever gets none from Acquire has a place
// for one and opens it, or gives the place up. So the count of those in use
// needs no more than one lock that is never held while anything waits.
package conns
