// Package admin is what operators see and use: a JSON API, a live stream, the
// log in, the health end points and the pages of the user interface.
//
// Knows: nodes, sessions, decisions and their history, who may do what.
// Must not know: HTTP and SIP messages of clients, sockets of the data path, how the process is assembled.
// Owns: users, log ins, the stream of events towards browsers.
// Entered by: cmd (Server, Run), browsers, the command line through a unix socket, Prometheus.
//
// Everything that changes state is a POST, PATCH or DELETE of the type application/json,
// which no page of another site can send; GET never changes anything. Every route with the role it needs stands in one table
// (routes.go). Nothing from outside is trusted: bodies are bounded, names are
// checked, session ids and other secrets leave only shortened.
package admin
