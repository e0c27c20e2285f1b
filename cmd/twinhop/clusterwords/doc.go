// Package clusterwords says what the configuration says of nodes and pools in
// the words of the cluster.
//
// Knows: the configuration, the cluster's Spec.
// Must not know: names of hosts that are looked up, who applies a Spec.
// Owns: nothing.
// Entered by: assembly.
package clusterwords
