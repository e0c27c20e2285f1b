package config

import (
	"time"
)

// Node is an application server. mod_jk's directives stand in brackets.
type Node struct {
	Name         string      `yaml:"name" form:"name" required:"true"`
	Route        string      `yaml:"route" form:"route"`       // jvmRoute; the name when absent
	HTTP         string      `yaml:"http" form:"httpNode"`     // http://host:port, ajp://host:port
	Instance     string      `yaml:"instance" form:"instance"` // Restcomm's name of it, see Affinity.Instance
	PreferIPv6   bool        `yaml:"preferIPv6"`               // of a host name in HTTP [prefer_ipv6]
	AJP          AJP         `yaml:"ajp"`
	SIP          []string    `yaml:"sip" form:"sipNode" max:"8"` // udp://host:port, tcp://host:port; the first is used unless SIP.InternalTransport says otherwise
	Weight       int         `yaml:"weight" min:"1" max:"1000000"`
	Domain       string      `yaml:"domain" form:"route"`
	Distance     int         `yaml:"distance" min:"0" max:"1000000"`
	Redirect     string      `yaml:"redirect" form:"route"` // route of the preferred substitute
	Activation   string      `yaml:"activation" oneof:"active disabled stopped"`
	BusyLimit    int         `yaml:"busyLimit" min:"0" max:"1000000"` // HTTP requests at a time; 0: no limit [busy_limit]
	Capacity     []Resource  `yaml:"capacity" keyed:"Name" max:"64"`  // of what calls take, see SIP.Resources
	Retries      NodeRetries `yaml:"retries"`
	FailOnStatus []int       `yaml:"failOnStatus" max:"64" each:"min:\"-599\" max:\"599\""` // [fail_on_status]
	// Repeat are the methods that may go to another node after they were sent
	// to this one. nil: the idempotent ones; empty: none [recovery_options].
	Repeat []string `yaml:"repeat" form:"method" max:"32"`
}

// NodeRetries say how often a request is tried on one node, the first time
// included, and how long to wait in between [retries, retry_interval].
type NodeRetries struct {
	Attempts int           `yaml:"attempts" min:"1" max:"100"`
	Interval time.Duration `yaml:"interval" max:"1m"`
}

// SetDefaults is called for each element of the list before it is read.
func (n *Node) SetDefaults() {
	n.Weight, n.Activation, n.AJP = 1, "active", defaultAJP()
	n.Retries = NodeRetries{Attempts: 1, Interval: 100 * time.Millisecond}
}
