// Package rmi takes the heartbeats of nodes that speak Java RMI: it is at once
// the registry where they look the balancer up, the balancer, and the part of
// distributed garbage collection that their JVMs expect of it.
//
// Knows: JRMP (the protocol of java.rmi), the interface NodeRegisterRMIStub and the fields of SIPNode.
// Must not know: what becomes of an announcement, sessions, configuration files.
// Owns: the connections of nodes, how many and how long; what of a call is read before it is refused.
// Entered by: cmd (Run), with the listeners and the roster.
package rmi
