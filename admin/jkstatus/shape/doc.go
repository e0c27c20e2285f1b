// Package shape writes what a status worker answers, in the three forms that
// scripts read: XML, text and properties.
//
// Knows: what a record of fields is in each form, byte for byte as mod_jk prints it.
// Must not know: workers, commands, who asks.
// Owns: the escaping of whatever is printed.
// Entered by: admin/jkstatus.
package shape
