// Package json is the heartbeat protocol of the later Restcomm balancers: JSON
// over HTTP, for their nodes as they are and, with a signature, for nodes of ours.
//
// Knows: the five commands of a node, their answers, the one of the balancer; signatures and their nonces.
// Must not know: who may register, when a node expires, what a node is to the cluster.
// Owns: Server with its connections and the nonces that were used; Client, the node's side.
// Entered by: cmd, which runs a Server; nodes written in Go and tests, which use Client.
//
// # Messages
//
// A message is POST / with Content-Type: application/json and an object with one
// member, whose name is the command. Values are strings or whole numbers.
//
//	{"start":{"hostName":"n1","ip":"10.0.0.1","udpPort":"5080","httpPort":"8080","sessionId":"1485157008580", …}}
//	{"heartbeat":{"sessionId":1485157008580}}
//	{"shutdown":{"sessionId":1485157008580}}      nothing new, please
//	{"stop":{"sessionId":1485157008580}}          gone
//	{"switchover":{"fromJvmRoute":"node1","toJvmRoute":"node2"}}
//
// The answer is 200 with {"command":"OK"}, or {"command":"NOK"} when the session is
// not known: then the node has to start again. What the members of start may
// be, [heartbeat.ReadProperties] says. A start that is not taken is answered
// with another status and {"error":"…"}, so that a node goes on trying. Each
// connection is closed after its answer. When the gateway stops it sends
// {"stop":{"ipAddress":"…","port":2610}} to the heartbeatPort of each node.
//
// # Signatures
//
// With a secret every message, that of the gateway included, has to carry
//
//	X-Twinhop-Timestamp: 1485157008        seconds since 1970, at most 30 off
//	X-Twinhop-Nonce: Zm9vYmFyYmF6cXV4      16 to 64 letters, digits, - or _, never the same again
//	X-Twinhop-Signature: 3f…               HMAC-SHA256 in hexadecimal
//
// and the signature is over method, path, timestamp, nonce and body, with a
// line feed after each but the last.
package json
