// Package appsession holds the vocabulary of application sessions: the keys
// by which messages name a session, the binding of a session to a node, and
// the contract of the table that remembers both.
//
// Knows: keys, aliases, bindings, how long they live, what a store promises.
// Must not know: HTTP, SIP, node health, algorithms, sockets, configuration.
// Owns: the Store contract; storetest is its executable form.
// Entered by: gateway (decisions), admin and gateway/trace (listings).
//
// An application session lives on one node at a time. It is named by at most
// one identity (a key of space App) and by any number of aliases (Call-IDs
// and HTTP session ids). A session without identity is anonymous.
//
// A binding is a promise, not a cache entry: a live one is never evicted to
// make room, a write is seen by the next read, and a race of two first
// writers has one winner.
package appsession
