package config

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"twinhop/gateway/config/decode"
	"twinhop/gateway/config/form"
	"twinhop/gateway/config/secure"
)

// Heartbeat says how nodes may tell of themselves, beside those under Nodes.
// Nothing is listened for unless it is said.
type Heartbeat struct {
	JSON       JSONBeats     `yaml:"json"`
	RMI        RMIBeats      `yaml:"rmi"`
	SIP        bool          `yaml:"sip"`                             // OPTIONS and INFO with Mobicents-Heartbeat, on the internal listeners
	Timeout    time.Duration `yaml:"timeout" min:"100ms" max:"1h"`    // of silence, after which a node is asked, and once more before it departs
	Sweep      time.Duration `yaml:"sweep" min:"15ms" max:"1m"`       // how often somebody looks
	Allow      []string      `yaml:"allow" form:"cidr" max:"256"`     // networks of nodes: what they come from, and what they say they are
	Secret     string        `yaml:"secret" form:"secret"`            // signs what comes by JSON; empty: nothing need be signed
	SecretFile string        `yaml:"secretFile"`                      // its first line is the secret
	Domains    []Subcluster  `yaml:"domains" keyed:"Name" max:"1024"` // as Node.Domain of the nodes at these addresses
}

// JSONBeats are heartbeats as JSON over HTTP. An empty Listen: none.
type JSONBeats struct {
	Listen string   `yaml:"listen" form:"listen"`
	TLS    BeatsTLS `yaml:"tls"`
}

// BeatsTLS makes the JSON listener speak TLS. With a ClientCA nobody enters
// without a certificate that it signed.
type BeatsTLS struct {
	Cert     string `yaml:"cert" required:"true"`
	Key      string `yaml:"key" required:"true"`
	ClientCA string `yaml:"clientCA"`
}

// Listener is the same as a listener of HTTP says it.
func (t *BeatsTLS) Listener() TLS {
	all := TLS{Cert: t.Cert, Key: t.Key, ClientCA: t.ClientCA}
	if t.ClientCA != "" {
		all.ClientAuth = "require"
	}
	return all
}

// RMIBeats are heartbeats by Java RMI. An empty Listen: none.
type RMIBeats struct {
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

func defaultHeartbeat() Heartbeat {
	return Heartbeat{RMI: RMIBeats{ObjectPort: 2001}, Timeout: 5100 * time.Millisecond, Sweep: 150 * time.Millisecond,
		Allow: []string{"127.0.0.0/8", "::1/128"}}
}

// On tells whether nodes may tell of themselves at all.
func (h *Heartbeat) On() bool { return h.JSON.Listen != "" || h.RMI.Listen != "" || h.SIP }

// objects is where the RMI object listens: beside the registry.
func (r *RMIBeats) objects() string {
	host, _, _ := form.SplitHostPort(r.Listen)
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return fmt.Sprintf("%s:%d", host, r.ObjectPort)
}

// usualPause is how long stock nodes are silent between two heartbeats.
const usualPause = 5 * time.Second

func (r *checker) checkHeartbeat(c *Config) {
	h, p := &c.Heartbeat, "heartbeat"
	if !h.On() {
		if r.Given(p) && !r.FailedUnder(p) {
			r.Warn(p, "add json: {listen: ...}, rmi: {listen: ...} or sip: true", "has no effect: no heartbeats are listened for")
		}
		return
	}
	if h.SIP && len(c.Listen.SIP.Internal) == 0 && !r.FailedUnder("listen.sip") && !r.Failed(p+".sip") {
		r.Bad(p+".sip", "add listen.sip.internal, a port that only nodes can reach", "SIP heartbeats come to the internal listeners, and there is none")
	}
	if t := &h.JSON.TLS; r.Given(p + ".json.tls") {
		all := t.Listener()
		switch at := p + ".json.tls"; {
		case r.FailedUnder(at):
		case h.JSON.Listen == "":
			r.Warn(at, "add listen:, such as 10.0.0.254:2610", "has no effect: nothing is listened on")
		default:
			secure.Check(&r.Reader, at, &all, r.words.Files)
		}
	}
	if h.Timeout < usualPause && !r.Failed(p+".timeout") {
		r.Warn(p+".timeout", "such as 5100ms", "shorter than what nodes pause between heartbeats unless they are told otherwise (%s)", form.Short(usualPause))
	}
	if h.Sweep > h.Timeout && !r.Failed(p+".sweep") && !r.Failed(p+".timeout") {
		r.Bad(p+".sweep", "such as 150ms", "%s is longer than timeout (%s)", form.Short(h.Sweep), form.Short(h.Timeout))
	}
	if !slices.ContainsFunc(c.Pools, func(p Pool) bool { return p.takesAll() }) && !r.FailedUnder("pools") {
		r.Warn(p, `add "*" to the nodes of a pool`, "nodes that announce themselves are in no pool and get nothing")
	}
	r.checkAllow(h)
	r.checkBeatSecret(h)
	r.checkDomains(h)
}

// checkAllow warns of listeners that nobody who may speak can reach, and of
// who may.
func (r *checker) checkAllow(h *Heartbeat) {
	if r.FailedUnder("heartbeat.allow") {
		return
	}
	if len(h.Allow) == 0 {
		r.Warn("heartbeat.allow", "such as [10.0.0.0/24]", "nobody is allowed: every heartbeat is refused")
		return
	}
	home, signed := true, h.Secret+h.SecretFile != "" && h.RMI.Listen == "" && !h.SIP
	for i, s := range h.Allow {
		network, err := form.ParseNetwork(s)
		home = home && err == nil && network.Addr().IsLoopback()
		if err == nil && network.Bits() == 0 && !signed {
			r.Warn(fmt.Sprintf("heartbeat.allow[%d]", i), "name the networks of the nodes", "everybody may become a node, and gets calls and session cookies")
		}
	}
	for path, listen := range map[string]string{"heartbeat.json.listen": h.JSON.Listen, "heartbeat.rmi.listen": h.RMI.Listen} {
		host, _, err := form.SplitHostPort(listen)
		a, bad := netip.ParseAddr(host)
		if home && err == nil && host != "localhost" && (bad != nil || !a.IsLoopback()) && !r.Failed(path) {
			r.Warn(path, "add the networks of the nodes to heartbeat.allow", "nodes of other machines are refused: only this one is allowed")
		}
	}
}

// leastSecret is how many characters keep a secret from being guessed.
const leastSecret = 16

func (r *checker) checkBeatSecret(h *Heartbeat) {
	p := "heartbeat.secret"
	if h.SecretFile != "" {
		if p += "File"; h.Secret != "" {
			r.Bad(p, "keep secret or secretFile", "secret is set as well: there is one for all nodes")
			return
		}
	}
	switch {
	case h.Secret == "" && h.SecretFile == "" || r.Failed(p):
	case h.Secret != "" && len(h.Secret) < leastSecret:
		r.Bad(p, "take the output of: openssl rand -hex 32", "shorter than %d characters: it can be guessed", leastSecret)
	case h.JSON.Listen == "":
		r.Warn(p, "add heartbeat.json", "has no effect: only heartbeats by JSON can be signed")
	case h.RMI.Listen != "" || h.SIP:
		r.Warn(p, "keep allow narrow", "heartbeats by RMI and SIP are not signed: who may come by them is said by allow alone")
	}
}

func (r *checker) checkDomains(h *Heartbeat) {
	seen := seenAt{}
	for _, d := range h.Domains {
		path := decode.Join("heartbeat.domains", d.Name)
		for i, ip := range d.Nodes {
			at := fmt.Sprintf("%s[%d]", path, i)
			if a, err := netip.ParseAddr(ip); err == nil {
				r.twice(seen, a.Unmap().String(), use{path, at}, "an address is in one domain")
			}
		}
	}
}
