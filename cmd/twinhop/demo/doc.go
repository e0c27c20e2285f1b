// Package demo is the product shown on one machine with nothing to configure: a gateway in front of two small application servers that
// speak HTTP and SIP, telephones to call, a page to press buttons on, and a tour that checks what it shows.
//
// Knows: everything; it is a user of the whole product, through sockets and the admin API wherever it can be.
// Must not know: how a decision is made; it only looks at the outcome.
// Owns: the demo's nodes, telephones, page and tour, and the throw-away state folder.
// Entered by: Command, from the verbs of cmd/twinhop.
//
// The nodes are real: their own sockets, session ids with a jvmRoute, a cookie or ;jsessionid= in links, calls with sipgo, a registrar, a
// back-to-back user agent. They share sessions, dialogs and registrations in memory the way a cluster of application servers replicates
// them, so a node that is killed loses nothing. The telephones answer by themselves and offer no media.
package demo
