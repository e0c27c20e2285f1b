// Package roll keeps what an operator added to the nodes of the configuration
// and took away from them.
//
// Knows: nodes, pools and mounts as the configuration describes them.
// Must not know: the cluster, who asks, whether a node is valid, how a configuration comes into force.
// Owns: Roll, and when a name is the operator's and when the configuration's.
// Entered by: assembly, for every configuration that it puts into force.
package roll
