// Package lbprops reads the files of the Mobicents and Restcomm SIP balancers, lb.properties and lb-configuration.xml, and
// says the same in the words of twinhop.yaml, with a verdict for every key.
//
// Knows: what the old balancers make of a key's value, and how the configuration says it.
// Must not know: how a gateway is built, files and their permissions, the interfaces of a machine, the command line.
// Owns: the verdict about every key, and what is written into a converted file.
// Entered by: Convert, Load (twinhop convert, check and run).
package lbprops
