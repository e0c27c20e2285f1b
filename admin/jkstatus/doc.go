// Package jkstatus is mod_jk's status worker: its commands, parameters and the
// shapes of its answers, so that scripts written for it keep working.
//
// Knows: workers, members and URI rules as mod_jk shows them; who may change them.
// Must not know: sockets, the URI map's matching, how a change comes into force.
// Owns: nothing; a State is made for each request, changes go through the Panel.
// Entered by: cmd, which mounts a Worker at the paths that the configuration names.
//
// Answers have status 200 and mod_jk's shape, also those that say ERROR. Only
// refusals of access have a status of their own (401, 403, 405). Whatever
// changes something needs a name and password, or an address that may, and
// never comes from a page of another site. Nothing is printed unescaped, and
// no secret at all.
package jkstatus
