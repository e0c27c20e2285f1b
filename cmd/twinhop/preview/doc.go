// Package preview tells what other affinity keys would have done with recent
// traffic: it has the Router decide about it again, once by the affinity in
// force and once by another, each with an empty table, and compares.
//
// Knows: specimens, the configuration in the words of both fronts, the Router, nodes by name.
// Must not know: sockets, the table and the loads of the running gateway, who asks.
// Owns: how a specimen becomes a question, the classes, the warnings.
// Entered by: assembly, for the admin.
//
// Whoever belongs to nobody yet is placed where the message really went. So
// what differs does so by keys alone. A message that was known, though nothing in
// the record before it tells why, is of a session that is older. It is taken
// for the second of its kind: what it carries was said before.
package preview
