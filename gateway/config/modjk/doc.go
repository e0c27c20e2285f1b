// Package modjk reads the files of mod_jk, workers.properties, uriworkermap.properties and the Jk lines of an
// httpd.conf, and says the same in the words of twinhop.yaml, with a verdict for every line.
//
// Knows: what mod_jk makes of a directive's value, and how the configuration says it.
// Must not know: how a gateway is built, files and their permissions, the command line.
// Owns: the verdict about every line, and what is written into a converted file.
// Entered by: Convert (twinhop convert) and Directives (the migration guide).
package modjk
