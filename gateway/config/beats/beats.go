package beats

import (
	"fmt"
	"strings"
	"time"

	"twinhop/gateway/config/form"
	"twinhop/gateway/config/secure"
)

// Heartbeat says how nodes may tell of themselves, beside those under Nodes.
// Nothing is listened for unless it is said.
type Heartbeat struct {
	JSON       JSON          `yaml:"json"`
	RMI        RMI           `yaml:"rmi"`
	SIP        bool          `yaml:"sip"`                             // OPTIONS and INFO with Mobicents-Heartbeat, on the internal listeners
	Timeout    time.Duration `yaml:"timeout" min:"100ms" max:"1h"`    // of silence, after which a node is asked, and once more before it departs
	Sweep      time.Duration `yaml:"sweep" min:"15ms" max:"1m"`       // how often somebody looks
	Allow      []string      `yaml:"allow" form:"cidr" max:"256"`     // networks of nodes: what they come from, and what they say they are
	Secret     string        `yaml:"secret" form:"secret"`            // signs what comes by JSON; empty: nothing need be signed
	SecretFile string        `yaml:"secretFile"`                      // its first line is the secret
	Domains    []Subcluster  `yaml:"domains" keyed:"Name" max:"1024"` // as Node.Domain of the nodes at these addresses
}

// JSON are heartbeats as JSON over HTTP. An empty Listen: none.
type JSON struct {
	Listen string `yaml:"listen" form:"listen"`
	TLS    TLS    `yaml:"tls"`
}

// TLS makes the JSON listener speak TLS. With a ClientCA nobody enters
// without a certificate that it signed.
type TLS struct {
	Cert     string `yaml:"cert" required:"true"`
	Key      string `yaml:"key" required:"true"`
	ClientCA string `yaml:"clientCA"`
}

// Listener is the same as a listener of HTTP says it.
func (t *TLS) Listener() secure.TLS {
	all := secure.TLS{Cert: t.Cert, Key: t.Key, ClientCA: t.ClientCA}
	if t.ClientCA != "" {
		all.ClientAuth = "require"
	}
	return all
}

// RMI are heartbeats by Java RMI. An empty Listen: none.
type RMI struct {
	Listen     string `yaml:"listen" form:"listen"` // of the registry
	ObjectPort int    `yaml:"objectPort" min:"0" max:"65535"`
	Host       string `yaml:"host" form:"publicHost"` // that nodes are told to connect to; empty: what they came to
}

// Subcluster are the addresses of nodes that replicate sessions among each
// other.
type Subcluster struct {
	Nodes []string `yaml:"nodes" form:"ip" max:"256" required:"true"`
	Name  string   `yaml:"-" form:"route"`
}

// Default is what it says when nothing is said.
func Default() Heartbeat {
	return Heartbeat{RMI: RMI{ObjectPort: 2001}, Timeout: 5100 * time.Millisecond, Sweep: 150 * time.Millisecond,
		Allow: []string{"127.0.0.0/8", "::1/128"}}
}

// On tells whether nodes may tell of themselves at all.
func (h *Heartbeat) On() bool { return h.JSON.Listen != "" || h.RMI.Listen != "" || h.SIP }

// Objects is where the RMI object listens: beside the registry.
func (r *RMI) Objects() string {
	host, _, _ := form.SplitHostPort(r.Listen)
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return fmt.Sprintf("%s:%d", host, r.ObjectPort)
}
