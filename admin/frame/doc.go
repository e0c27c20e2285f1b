// Package frame is around every request to the admin.
//
// Knows: headers that keep browsers honest, names of hosts, RFC 9457.
// Must not know: what is asked for, who asks.
// Owns: the ids of requests.
// Entered by: admin.
package frame
