// Package httpd reads the configuration files of Apache httpd 2.4 and tells which lines are in force, for which host and
// path, whatever sections, conditions, variables and included files they stand in.
//
// Knows: the syntax of httpd.conf, Include, Define, and what a condition says before there is a request.
// Must not know: what the directives of a module mean, who asks for them.
// Owns: the bounds of what is read: files, bytes, depth.
// Entered by: Reader.Read (gateway/config/modjk).
package httpd
