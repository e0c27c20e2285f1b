// Package key has the words of the Mobicents and Restcomm balancers' files, and what becomes of each.
//
// Knows: how a key is called in lb.properties and where it stands in lb-configuration.xml.
// Must not know: values, how the configuration is written.
// Owns: the table of all keys.
// Entered by: All (the docs test), Find, FindXML (gateway/config/lbprops).
package key
