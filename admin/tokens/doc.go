// Package tokens is how programs log in: signed tokens that an admin made, each
// with a role, an end and a name, and each revocable at once.
//
// Knows: JSON Web Tokens, their keys, the file of those that were made.
// Must not know: routes, requests, users and their passwords.
// Owns: tokens.json in the state directory.
// Entered by: admin and admin/accounts.
package tokens
