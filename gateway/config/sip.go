package config

import (
	"time"
)

// SIP holds the words of the SIP front.
type SIP struct {
	Pool              string   `yaml:"pool" form:"name"`
	Balance           string   `yaml:"balance"`                              // instead of the pool's
	SendTrying        string   `yaml:"sendTrying" oneof:"auto always never"` // auto: after 200 ms
	Failover          Failover `yaml:"failover"`                             // of calls that nobody has answered
	InternalTransport string   `yaml:"internalTransport" form:"transport"`   // toward nodes: udp or tcp; empty: as each node's first address
	UDPLimit          Size     `yaml:"udpLimit" max:"65535"`                 // larger requests leave by TCP where they can; 0: never for their size
	OutboundProxy     string   `yaml:"outboundProxy" form:"sipPeer"`         // see form.ParseSIPPeer
	ExternalTransport string   `yaml:"externalTransport" form:"transport"`   // toward the world where the next hop names none; empty: as RFC 3263 says
	ExtraServerNodes  []string `yaml:"extraServerNodes" form:"sipExtra"`     // see form.ParseHost
	TLS               Toward   `yaml:"tls"`                                  // with nodes and next hops
	Hint              string   `yaml:"hint" oneof:"opaque legacy"`
	InitialRemote     bool     `yaml:"initialRemote"` // nodes are told where a request came from

	Resources *Resources `yaml:"resources"` // nil: calls take nothing
}

// Failover says when an INVITE that a node leaves unanswered goes to another
// node.
type Failover struct {
	Invite   time.Duration `yaml:"invite" max:"1m"`                               // without any answer; 0: silence is no reason
	Trying   time.Duration `yaml:"trying" max:"3m"`                               // with nothing but 100; 0: no reason
	Attempts int           `yaml:"attempts" min:"0" max:"3"`                      // nodes tried, the first included; 0: off
	Total    time.Duration `yaml:"total" max:"3m"`                                // no other node is tried later; 0: no bound
	Codes    []int         `yaml:"codes" max:"16" each:"min:\"400\" max:\"699\""` // final answers that count as a failure
	Dialog   string        `yaml:"dialog" oneof:"established early"`              // which dialogs the nodes replicate
}

func defaultSIP() SIP {
	return SIP{Pool: "default", Balance: "round-robin", SendTrying: "auto", Hint: "opaque", TLS: Toward{Verify: "full"},
		Failover: Failover{Invite: 2 * time.Second, Trying: 4 * time.Second, Attempts: 3, Total: 20 * time.Second,
			Codes: []int{503}, Dialog: "established"}}
}
