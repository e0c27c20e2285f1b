// Package access knows who may use the admin: users and their passwords, log
// ins and their cookies, one-time links, and how fast one may guess.
//
// Knows: users, roles, log ins, tokens of printed links, failed attempts.
// Must not know: routes, what a role may do, nodes and sessions of the gateway.
// Owns: the users file and the table of log ins.
// Entered by: admin.
package access
