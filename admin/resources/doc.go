// Package resources shows what calls take of the nodes, and takes the commands
// of OpenSIPS' load_balancer.
//
// Knows: Views, members and their resources, JSON-RPC 2.0 as OpenSIPS speaks it.
// Must not know: who asks, HTTP, the rest of the API, how calls are counted.
// Owns: the shape of a destination in JSON, and its number.
// Entered by: admin.
package resources
