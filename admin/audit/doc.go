// Package audit keeps who did what, when and why.
//
// Knows: deeds of operators, a file of lines, lists.
// Must not know: how somebody was recognised, what a deed means.
// Owns: audit.jsonl and the files it grew out of, the newest deeds in memory.
// Entered by: admin.
package audit
