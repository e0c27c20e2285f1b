// Package jser reads and writes streams of Java object serialization, version 5
// of the stream ("protocol 2"): what java.rmi wraps its arguments and results in.
// No class is ever looked up or made: values are what the descriptors in the
// stream itself say, as plain Go data.
//
// Knows: the grammar of the stream and the layout of a few classes of the JDK.
// Must not know: remote calls, sockets, nodes, who reads or writes.
// Owns: the bounds of what is read: bytes, depth, handles, lengths, and which classes may occur.
// Entered by: the RMI server, one Reader and one Writer for each call.
package jser
