// Package naming remembers what names stand for, beyond the life of who has them.
//
// Knows: realms and their numbers, routes and the nodes that have or had them.
// Must not know: nodes and pools themselves, the configuration, sessions.
// Owns: a number for each realm, the same on all gateways; the routes of nodes long gone, boundedly many.
// Entered by: gateway/cluster, whenever it makes a View.
package naming
