package telemetry

import "twinhop/gateway/config/form"

// Telemetry is what is told about the traffic.
type Telemetry struct {
	Log   Log   `yaml:"log"`
	Trace Trace `yaml:"trace"`
	HEP   HEP   `yaml:"hep"`
}

// Log is what is written to standard error.
type Log struct {
	Level  string `yaml:"level" oneof:"debug info warn error"`
	Format string `yaml:"format" oneof:"text json"`
}

// Trace bounds the memory of the timelines, and says whose messages are kept.
type Trace struct {
	MaxBytes form.Size `yaml:"maxBytes" max:"1TiB"`
	Messages Messages  `yaml:"messages"`
}

// Messages are those whose texts are kept though nobody watches their session.
type Messages struct {
	Sample float64 `yaml:"sample" min:"0" max:"1"` // share of all sessions
	Bodies bool    `yaml:"bodies"`                 // of HTTP, too
}

// HEP is a server that is given every SIP message (Homer, sngrep). An empty
// Addr: none is.
type HEP struct {
	Addr     string `yaml:"addr" form:"hepServer"`
	ID       int    `yaml:"id" min:"0" max:"2147483647"` // of this gateway, there
	Password string `yaml:"password" form:"secret"`
	Node     string `yaml:"node" form:"text"` // name of this gateway, there; empty: the host's
}

// Default is what it says when nothing is said.
func Default() Telemetry {
	return Telemetry{Log: Log{"info", "text"}, Trace: Trace{MaxBytes: 64 << 20}, HEP: HEP{ID: 2001}}
}
