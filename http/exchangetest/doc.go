// Package exchangetest is the definition of a correct head.Backend: one suite
// of exchanges with a scripted node, run by every protocol toward nodes.
//
// Knows: head.Backend and its contract.
// Must not know: any wire protocol; a Harness brings the node's side of it.
// Owns: Run, Harness, Received, Answer.
// Entered by: the tests of http/h1 and http/ajp.
//
// A protocol's test writes a node that turns what it receives into a Received,
// asks the script for an Answer, and carries it out, faults included. The
// suite then sees the client only through head.Backend.
package exchangetest
