// Package form knows what the values of a configuration look like: addresses, names, networks, durations, sizes, and which word was
// probably meant.
//
// Knows: the notation of single values, and the sentences that tell what is wrong with one.
// Must not know: keys, files, YAML, what values mean together.
// Owns: the forms by name, Size, the distance of words.
// Entered by: Check, ParseDuration, ParseSize and Nearest, while a file is read; SplitSIPURL, ParseSIPPeer and ParseNetwork, by who uses what was read.
package form
