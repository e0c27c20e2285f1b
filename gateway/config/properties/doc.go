// Package properties reads files of lines "name = value": as mod_jk reads workers.properties, with its variables and keys
// that are said again, and as Java reads its .properties.
//
// Knows: the syntax of such files, and how mod_jk reads numbers, booleans and lists.
// Must not know: any directive, any key.
// Owns: the limits of a file, a line and a value.
// Entered by: Lines, Keys.Add (gateway/config/modjk), Java (gateway/config/lbprops).
//
// Where mod_jk's manual and its code disagree, the code counts: there are no continuation lines and no escapes.
package properties
