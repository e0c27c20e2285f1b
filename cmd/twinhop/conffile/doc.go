// Package conffile replaces the file of a configuration by another text, whole or not at all.
//
// Knows: files: their owners and modes, links, directories that cannot be written.
// Must not know: what is in the file, who wants another text, what becomes of it.
// Owns: nothing.
// Entered by: the reloader of cmd/twinhop.
package conffile
