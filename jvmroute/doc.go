// Package jvmroute reads and rewrites servlet session ids of the form "id.route" where HTTP carries them:
// Cookie and Set-Cookie fields, ";jsessionid=" path parameters in request targets and Location fields.
//
// Knows: how mod_jk, Tomcat and the Restcomm balancer spell a session id and its route; RFC 6265 cookies; percent and form escapes.
// Must not know: which nodes exist, who owns a session, requests, sockets, clocks, logs.
// Owns: nothing; every function is pure and safe for concurrent use.
// Entered by: the HTTP front for each request and response; the SIP front for the id of a WebSocket upgrade.
//
// # Reading
//
// A [Dialect] says how ids are written; its zero value is mod_jk with its default names. Read the request target first, then
// each Cookie line, and try the candidates in order:
//
//	var found jvmroute.Found
//	dialect.ReadTarget(&found, target)
//	for each Cookie line { dialect.ReadCookie(&found, line) }
//	for _, id := range found.All() { ... id.Base, id.Route ... }
//
// Reading allocates nothing, except one small string when a value itself is written with escapes. Texts are views of the
// input: who keeps one longer than the input's buffer clones it.
//
// # Rewriting
//
// Replace functions swap one exact id for another and leave every other byte alone, so rewriting twice is rewriting once.
// They return what may be sent even when they return an error: the input as it came when the new id cannot be written
// there ([ErrID]), nothing when the input itself holds CR, LF or NUL ([ErrUnsafe]).
//
// # Hostile input
//
// Ids and routes have a closed grammar and a length limit ([ValidID], [ValidRoute]). What is outside it is neither a key
// nor a route; it is counted, never interpreted, and the message keeps it unchanged. Session ids are credentials: [ID] and
// [SetCookie] print without them.
package jvmroute
