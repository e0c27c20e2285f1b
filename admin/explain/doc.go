// Package explain says where a message would go, and why.
//
// Knows: the router's steps, the keys of a message and of a session, what each role may see of them.
// Must not know: sockets, how a message is written, how sessions are found.
// Owns: the shape of a decision in JSON, and of what is asked about.
// Entered by: admin.
package explain
