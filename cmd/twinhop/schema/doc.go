// Package schema has the JSON Schema of the configuration, for editors, and
// the verb that prints it.
//
// Knows: the file that the tests make of the configuration's tags, defaults and page.
// Must not know: what a configuration is used for.
// Owns: twinhop.schema.json.
// Entered by: the command line.
package schema
