// Package heartbeat keeps the list of nodes that tell of themselves, in the
// way of the Mobicents and Restcomm balancers.
//
// Knows: what a node announces, who may announce it, how long silence is borne.
// Must not know: the protocols in which nodes speak, sessions, configuration files.
// Owns: the Roster: records by address and ports, their expiry, renames.
// Entered by: receivers of heartbeats (JSON, RMI, SIP) through Roster; cmd, which applies Settings and runs it; admin, which lists Nodes.
//
// What a node is called follows from what it announces alone, so that all
// gateways agree on it without speaking to each other.
package heartbeat
