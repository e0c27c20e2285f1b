// Package hop tells the fields of a head apart: which concern one connection
// only, which only a trusted proxy may say, which are between us and the nodes.
//
// Knows: names of fields, the options of Connection.
// Must not know: who sent a head, what becomes of it.
// Owns: nothing.
// Entered by: the HTTP front, for each request and each answer.
package hop
