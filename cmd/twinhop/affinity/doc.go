// Package affinity keeps what an operator said of affinity, which counts
// instead of what the configuration says.
//
// Knows: the keys of affinity, how a configuration is read, files.
// Must not know: the cluster, who asks, how a configuration comes into force.
// Owns: Word, and the file affinity.json in the state directory.
// Entered by: assembly, for every configuration that it puts into force.
package affinity
