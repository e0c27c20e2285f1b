// Package framing watches how the requests on a connection say where their
// bodies end, for net/http does not tell whether one said it in two ways.
//
// Knows: request lines, field lines, Content-Length, Transfer-Encoding, chunks (RFC 9112).
// Must not know: what a request is for, who serves it.
// Owns: Conn, Watch.
// Entered by: the HTTP front, which puts Listener before net/http and asks Conn.Plain.
package framing
