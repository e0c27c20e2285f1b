package config

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"twinhop/gateway/config/decode"
	"twinhop/gateway/config/form"
)

// AJP is what is agreed with the AJP13 connector of a node whose http is
// ajp://host:port. mod_jk's directives stand in brackets.
type AJP struct {
	Secret     string `yaml:"secret" form:"secret"` // [secret]
	SecretFile string `yaml:"secretFile"`           // its first line is the secret
	PacketSize Size   `yaml:"packetSize" min:"8KiB" max:"64KiB"`

	ConnectTimeout time.Duration `yaml:"connectTimeout" max:"10m"` // [socket_connect_timeout]
	ReplyTimeout   time.Duration `yaml:"replyTimeout" max:"24h"`   // each wait until the answer's head is there [reply_timeout]
	BodyTimeout    time.Duration `yaml:"bodyTimeout" max:"24h"`    // each wait within bodies [socket_timeout]
	IdleTimeout    time.Duration `yaml:"idleTimeout" max:"24h"`    // of an unused connection [connection_pool_timeout]

	Connections    int           `yaml:"connections" min:"0" max:"65536"` // in use at a time [connection_pool_size]
	AcquireTimeout time.Duration `yaml:"acquireTimeout" max:"10m"`        // wait for one to come free
	MinIdle        int           `yaml:"minIdle" min:"0" max:"65536"`     // kept open beyond IdleTimeout, those in use counted [connection_pool_minsize]
	MaxIdle        int           `yaml:"maxIdle" min:"0" max:"65536"`     // kept at all
	Ping           AJPPing       `yaml:"ping"`

	Source     string         `yaml:"source" form:"ip"`                                // local address of connections [source]
	Attributes []AJPAttribute `yaml:"attributes" keyed:"Name" max:"64"`                // sent with each request [JkEnvVar]
	CertChain  bool           `yaml:"certChain"`                                       // with the client's certificate go those it showed with it [ForwardSSLCertChain]
	Variables  []string       `yaml:"variables" max:"64" each:"words:\"ajpVariable\""` // so is this, of the client's TLS connection
}

// AJPAttribute is a request attribute that nodes get.
type AJPAttribute struct {
	Value string `yaml:"value" required:"true"`
	Name  string `yaml:"-"`
}

// Answers are how long an answer is waited for: that of a new connection, and
// that before a request.
func (p *AJPPing) Answers() (connect, request time.Duration) {
	return cmp.Or(p.ConnectTimeout, p.Timeout), cmp.Or(p.RequestTimeout, p.Timeout)
}

// AJPPing says when a connection is asked for a sign of life (CPing).
type AJPPing struct {
	Connect  bool          `yaml:"connect"`                     // after it was opened [ping_mode C]
	Request  bool          `yaml:"request"`                     // before each request [ping_mode P]
	Interval time.Duration `yaml:"interval" max:"24h"`          // while unused [ping_mode I]
	Timeout  time.Duration `yaml:"timeout" min:"1ms" max:"10m"` // for each answer [ping_timeout]

	ConnectTimeout time.Duration `yaml:"connectTimeout" max:"10m"` // for the answer of a new connection, 0: Timeout [connect_timeout]
	RequestTimeout time.Duration `yaml:"requestTimeout" max:"10m"` // for the answer before a request, 0: Timeout [prepost_timeout]
}

// AJPProbe asks AJP nodes for a sign of life: by CPing, or for the path of
// HTTPProbe.
type AJPProbe struct {
	CPing    bool          `yaml:"cping"`
	Interval time.Duration `yaml:"interval" max:"1h"`
	Timeout  time.Duration `yaml:"timeout" min:"10ms" max:"1m"`  // for one answer; never longer than Interval
	Fall     int           `yaml:"fall" min:"1" max:"100"`       // failures in a row that make a node down
	Rise     int           `yaml:"rise" min:"1" max:"100"`       // successes in a row that make it up again
	Recover  time.Duration `yaml:"recover" min:"100ms" max:"1h"` // without probes: how long a node stays down before it is tried with traffic
	Errors   HTTPErrorRule `yaml:"errors"`
	Silent   SilentRule    `yaml:"silent"`
}

func defaultAJP() AJP {
	return AJP{PacketSize: 8 << 10, ConnectTimeout: 500 * time.Millisecond, ReplyTimeout: time.Minute, IdleTimeout: time.Minute,
		AcquireTimeout: 200 * time.Millisecond, MaxIdle: 256, Ping: AJPPing{Timeout: 10 * time.Second}}
}

// SpeaksAJP tells whether the node's HTTP comes by AJP13.
func (n *Node) SpeaksAJP() bool { return strings.HasPrefix(n.HTTP, "ajp://") }

// checkAJP looks at what is agreed with AJP connectors.
func (r *checker) checkAJP(c *Config) {
	first := map[string]int{}
	for i := range c.Nodes {
		n, p := &c.Nodes[i], fmt.Sprintf("nodes[%d].ajp", i)
		a := &n.AJP
		switch {
		case r.Failed(p) || r.Failed(fmt.Sprintf("nodes[%d].http", i)):
			continue
		case !n.SpeaksAJP():
			if r.Given(p) {
				r.Warn(p, `give the node http: "ajp://host:8009"`, "has no effect: the node does not speak AJP")
			}
			continue
		case a.Secret != "" && a.SecretFile != "":
			r.Bad(p+".secretFile", "keep secret or secretFile", "secret is set as well: a connector has one")
		case a.Secret == "" && a.SecretFile == "" && !r.FailedUnder(p):
			r.Warn(p, "set nodes[].ajp.secret to the secret of the connector", "no secret: whoever reaches the connector of %s is believed, and Tomcat refuses to start one", form.Quote(n.Name))
		}
		if j, ok := first[n.HTTP]; !ok {
			first[n.HTTP] = i
		} else if !reflect.DeepEqual(c.Nodes[j].AJP, *a) {
			r.Bad(p, "say the same for both", "nodes[%d] (line %d) is at the same address and says otherwise", j, r.At(fmt.Sprintf("nodes[%d]", j)).Line)
		}
		if r.Given(p+".minIdle") && a.MinIdle > a.MaxIdle {
			r.Bad(p+".minIdle", "set it to maxIdle or less", "%d is more than maxIdle (%d)", a.MinIdle, a.MaxIdle)
		}
		r.checkAJPIdle(p, a)
		r.checkAttributes(p+".attributes", a)
	}
}

var attributeName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]{0,59}$`)

// reserved begin the names of attributes that mean something to a container.
var reserved = []string{"AJP_", "JK_", "java.", "javax.", "jakarta.", "org.apache."}

// CheckAttribute tells whether a request attribute may be sent to nodes: err
// says what is wrong with its name or value, and hint what to do.
func CheckAttribute(name, value string) (hint string, err error) {
	switch {
	case slices.ContainsFunc(reserved, func(begin string) bool { return strings.HasPrefix(name, begin) }):
		return "choose another name", errors.New("such a name has a meaning for the container")
	case !attributeName.MatchString(name):
		return "letters, digits, '_', '.', '-'; at most 60; begin with a letter or '_'", fmt.Errorf("%s is no name of an attribute", form.Quote(name))
	case len(value) > 1024 || !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl):
		return "at most 1024 bytes, no control characters", errors.New("this is no value of an attribute")
	}
	return "", nil
}

func (r *checker) checkAttributes(p string, a *AJP) {
	for _, one := range a.Attributes {
		at := decode.Join(p, one.Name)
		if hint, err := CheckAttribute(one.Name, one.Value); err != nil && !r.Failed(at) {
			r.Bad(at, hint, "%v", err)
		}
	}
}

// checkAJPIdle warns of keys that do nothing beside the others.
func (r *checker) checkAJPIdle(p string, a *AJP) {
	idle := func(key, hint, why string) {
		if at := decode.Join(p, key); r.Given(at) && !r.Failed(at) {
			r.Warn(at, hint, "has no effect: %s", why)
		}
	}
	usual := defaultAJP() // who writes a default down means no harm
	if a.Connections == 0 && a.AcquireTimeout != usual.AcquireTimeout {
		idle("acquireTimeout", "set connections, or leave it out", "without connections there is no limit to wait for")
	}
	if a.IdleTimeout == 0 && a.MinIdle > 0 {
		idle("minIdle", "leave it out", "with idleTimeout: 0 unused connections are kept in any case")
	}
	if p := a.Ping; !p.Connect && !p.Request && p.Interval == 0 && p.Timeout != usual.Ping.Timeout {
		idle("ping.timeout", "set connect, request or interval", "no connection is asked")
	}
	if !a.Ping.Connect && a.Ping.ConnectTimeout > 0 {
		idle("ping.connectTimeout", "set connect", "new connections are not asked")
	}
	if !a.Ping.Request && a.Ping.RequestTimeout > 0 {
		idle("ping.requestTimeout", "set request", "nothing is asked before requests")
	}
}
