// Package directive is the table of mod_jk's words, of workers.properties, of rules and of httpd.conf: what has each, and what becomes of it.
//
// Knows: the directives of mod_jk 1.2, their old names, how keys are built and joined, which key of the configuration means the same.
// Must not know: how files are read, what stands in one, what a value means.
// Owns: the table.
// Entered by: Find and FindHTTPD, for a line that was read; All (the migration guide).
package directive
