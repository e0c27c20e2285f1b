// Package jvm runs nodes of the Mobicents and Restcomm line for tests: a real
// java.rmi client in a JVM of its own that does what it is told, line by line.
//
// Knows: the Java programs in e2e/testdata/java, how a test is written.
// Must not know: the program under test.
// Owns: Classes, Node.
// Entered by: the tests of gateway/heartbeat/rmi, cmd/twinhop/demo and e2e.
package jvm
