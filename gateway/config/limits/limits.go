package limits

import (
	"slices"
	"time"

	"twinhop/gateway/config/form"
)

// Limits bounds what clients may cost.
type Limits struct {
	Trusted []string `yaml:"trusted" form:"cidr"` // exempt from the limits per source, as nodes are; from nothing else
	HTTP    HTTP     `yaml:"http"`
	SIP     SIP      `yaml:"sip"`
}

// HTTP are those of the HTTP listeners. Bodies are streamed and have
// none.
type HTTP struct {
	HeaderBytes   form.Size     `yaml:"headerBytes" min:"4KiB" max:"16MiB"`
	HeaderTimeout time.Duration `yaml:"headerTimeout" max:"10m"` // for the whole head; 0 is off
	IdleTimeout   time.Duration `yaml:"idleTimeout" max:"24h"`   // between two requests; 0 is off

	Connections          int `yaml:"connections" min:"0" max:"10000000"`         // of clients, open at a time on all listeners; 0 is off
	ConnectionsPerSource int `yaml:"connectionsPerSource" min:"0" max:"1000000"` // of one source; 0 is off
}

// SIP are those of the SIP front. Where 0 is allowed it is off: no
// limit.
type SIP struct {
	Rate         int           `yaml:"rate" min:"0" max:"1000000"`          // messages a second of one source
	Burst        int           `yaml:"burst" min:"1" max:"1000000"`         // messages of one source at once
	Ban          time.Duration `yaml:"ban" max:"24h"`                       // of a source that stays above; 0: only what is above is dropped
	Sources      int           `yaml:"sources" min:"1000" max:"10000000"`   // that are watched, the latest
	Refusals     int           `yaml:"refusals" min:"0" max:"1000000"`      // errors answered to one source in a second
	Transactions int           `yaml:"transactions" min:"0" max:"10000000"` // new ones in a second, of all sources
	Pending      int           `yaml:"pending" min:"1" max:"10000000"`      // unanswered INVITEs that are kept for failover
	Slow         int           `yaml:"slow" min:"1" max:"1000000"`          // messages that wait for a name to be looked up
	Scanners     []string      `yaml:"scanners" form:"scanner" max:"64"`    // words of a User-Agent that is dropped; none: off

	Connections          int           `yaml:"connections" min:"1" max:"1000000"`          // accepted by one TCP listener, and as many dialled
	ConnectionsPerSource int           `yaml:"connectionsPerSource" min:"0" max:"1000000"` // accepted, of one source
	Pings                int           `yaml:"pings" min:"0" max:"1000000"`                // CRLF keep-alives of one connection in 10 s
	IdleTimeout          time.Duration `yaml:"idleTimeout" max:"24h"`                      // without a message or a ping
	PartialTimeout       time.Duration `yaml:"partialTimeout" max:"10m"`                   // for a whole message
	ConnectTimeout       time.Duration `yaml:"connectTimeout" min:"10ms" max:"1m"`
	HandshakeTimeout     time.Duration `yaml:"handshakeTimeout" min:"100ms" max:"1m"` // for TLS, and for a WebSocket to be asked for
	WriteTimeout         time.Duration `yaml:"writeTimeout" min:"10ms" max:"1m"`
	QueueBytes           form.Size     `yaml:"queueBytes" min:"64KiB" max:"64MiB"` // that wait to be written to one connection

	WebSocket WebSocket `yaml:"websocket"`

	MaxMessage  form.Size `yaml:"maxMessage" min:"4KiB" max:"65535"`
	HeaderBytes form.Size `yaml:"headerBytes" min:"2KiB" max:"64KiB"` // of the head of a message over TCP
	Headers     int       `yaml:"headers" min:"20" max:"1000"`        // header lines
	LineBytes   form.Size `yaml:"lineBytes" min:"512" max:"64KiB"`    // of one header, folds included
	Vias        int       `yaml:"vias" min:"4" max:"255"`             // Via values
	Routes      int       `yaml:"routes" min:"4" max:"255"`           // Route values, and Record-Route values
	URIBytes    form.Size `yaml:"uriBytes" min:"256" max:"8KiB"`      // of the Request-URI, and those of From, To and Contact
	TokenBytes  form.Size `yaml:"tokenBytes" min:"64" max:"4KiB"`     // of a tag or branch
	CallIDBytes form.Size `yaml:"callIdBytes" min:"64" max:"8KiB"`    // beyond it a message is refused; the table keeps long ones by their hash
}

// WebSocket are those of connections by WebSocket, where they are others
// than those of all.
type WebSocket struct {
	Ping        time.Duration `yaml:"ping" max:"1h"`                   // without anything heard, after which the client is asked; 0: never
	IdleTimeout time.Duration `yaml:"idleTimeout" max:"24h"`           // without anything heard; 0 is off
	Fragments   int           `yaml:"fragments" min:"1" max:"1000000"` // of one message
}

// defaultScanners are what the usual scanning tools call themselves.
var defaultScanners = []string{"friendly-scanner", "sipvicious", "sipcli", "sip-scan", "VaxSIPUserAgent", "pplsip", "sundayddr"}

// Default are those that count when nothing is said.
func Default() Limits {
	return Limits{
		Trusted: []string{"127.0.0.0/8", "::1/128"},
		HTTP:    HTTP{HeaderBytes: 64 << 10, HeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, Connections: 50_000, ConnectionsPerSource: 4096},
		SIP: SIP{
			Rate: 100, Burst: 200, Ban: time.Minute, Sources: 100_000, Refusals: 20, Transactions: 5000, Pending: 100_000, Slow: 1024,
			Scanners:    slices.Clone(defaultScanners),
			Connections: 20_000, ConnectionsPerSource: 256, Pings: 5, IdleTimeout: 2 * time.Minute, PartialTimeout: 5 * time.Second,
			ConnectTimeout: time.Second, HandshakeTimeout: 5 * time.Second, WebSocket: WebSocket{30 * time.Second, 90 * time.Second, 64}, WriteTimeout: 2 * time.Second, QueueBytes: 256 << 10,
			MaxMessage: 65535, HeaderBytes: 64 << 10, Headers: 200, LineBytes: 8 << 10, Vias: 70, Routes: 50,
			URIBytes: 1 << 10, TokenBytes: 256, CallIDBytes: 4 << 10},
	}
}
