// Package accounts is what the API has for those who use it: logging in and
// out, users and their roles, log ins of one's own, tokens of programs.
//
// Knows: the bodies and answers of these requests, the order of their checks.
// Must not know: the role that a route needs, nodes and sessions of the gateway.
// Owns: nothing; users, log ins and tokens are kept by admin/access and admin/tokens.
// Entered by: admin.
package accounts
