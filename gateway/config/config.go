package config

import (
	"time"

	"twinhop/gateway/config/beats"
	"twinhop/gateway/config/console"
	"twinhop/gateway/config/limits"
	"twinhop/gateway/config/secure"
	"twinhop/gateway/config/siplisten"
	"twinhop/gateway/config/telemetry"
)

// Config is what twinhop.yaml says, defaults included. It is plain data.
//
// What the tags mean: decode.Reader. The names after words are those of Words,
// the ones after form those of package form.
type Config struct {
	Version   int       `yaml:"version" min:"1" max:"1"`
	Listen    Listen    `yaml:"listen"`
	Nodes     []Node    `yaml:"nodes" max:"256"`
	Pools     []Pool    `yaml:"pools" keyed:"Name" max:"256"`
	Mounts    []Mount   `yaml:"mounts"`
	Status    []Status  `yaml:"status" keyed:"Name" max:"64"`
	HTTP      HTTP      `yaml:"http"`
	Heartbeat Heartbeat `yaml:"heartbeat"`
	Health    Health    `yaml:"health"`
	Affinity  Affinity  `yaml:"affinity"`
	FollowSIP FollowSIP `yaml:"followSip"`
	SIP       SIP       `yaml:"sip"`
	Store     Store     `yaml:"store"`
	Gateways  int       `yaml:"gateways" min:"1" max:"64"`
	State     State     `yaml:"state"`
	Secrets   Secrets   `yaml:"secrets"`
	Admin     Admin     `yaml:"admin"`
	Telemetry Telemetry `yaml:"telemetry"`
	Limits    Limits    `yaml:"limits"`
	Shutdown  Shutdown  `yaml:"shutdown"`
}

// Listen says where clients are served.
type Listen struct {
	HTTP []HTTPListener `yaml:"http" max:"64"`
	SIP  SIPListen      `yaml:"sip"`
}

// HTTPListener is one HTTP socket.
type HTTPListener struct {
	Addr string `yaml:"addr" form:"listen" required:"true"` // host:port; an empty host is every address
	// HTTPS is the port that clients are sent to, by HTTPS, for whatever they ask here; 0: they are served.
	HTTPS int `yaml:"https" min:"0" max:"65535"`
	TLS   TLS `yaml:"tls"`
}

// What stands together, in rooms of its own.
type (
	Limits     = limits.Limits
	HTTPLimits = limits.HTTP
	SIPLimits  = limits.SIP
	Heartbeat  = beats.Heartbeat
	JSONBeats  = beats.JSON
	BeatsTLS   = beats.TLS
	RMIBeats   = beats.RMI
	Subcluster = beats.Subcluster
	Admin      = console.Admin
	Telemetry  = telemetry.Telemetry
	Log        = telemetry.Log

	SIPListen = siplisten.Listen
	Advertise = siplisten.Advertise
	Public    = siplisten.Public
	TLS       = secure.TLS
	KeyPair   = secure.KeyPair
	Toward    = secure.Toward
)

// HTTP holds the words of the HTTP front.
type HTTP struct {
	Unavailable Unavailable `yaml:"unavailable"`
	Forwarded   Forwarded   `yaml:"forwarded"`
	Trace       bool        `yaml:"trace"` // TRACE goes to nodes; else it is refused
}

// Unavailable says what a client gets when no node can serve it: a redirect,
// a page from a file, what another host answers, or, with none of them, a short
// text. The status of a page and of the text is 503.
type Unavailable struct {
	Redirect string `yaml:"redirect" form:"redirect"`
	Page     string `yaml:"page"`
	Proxy    string `yaml:"proxy" form:"standIn"` // http://host:port that gets the requests instead
}

// Forwarded says whose X-Forwarded-* fields are believed. Nobody's by
// default.
type Forwarded struct {
	Trusted []string `yaml:"trusted" form:"cidr"`
}

// Health holds the probes. An interval of 0 switches a probe off.
type Health struct {
	HTTP HTTPProbe `yaml:"http"`
	AJP  AJPProbe  `yaml:"ajp"`
	SIP  SIPProbe  `yaml:"sip"`
}

// ErrorRule makes a node down that answers its traffic with errors.
type ErrorRule struct {
	Limit  int           `yaml:"limit" min:"0" max:"1000000"`           // so many of them; 0: off
	Codes  []string      `yaml:"codes" max:"64" each:"form:\"errors\""` // "503", "400-599", "5xx"
	Within time.Duration `yaml:"within" max:"24h"`                      // at most this between one and the next; 0: however long
}

// HTTPErrorRule is an ErrorRule for some requests only.
type HTTPErrorRule struct {
	Limit  int           `yaml:"limit" min:"0" max:"1000000"`
	Codes  []string      `yaml:"codes" max:"64" each:"form:\"errors\""` // "503", "400-599", "5xx"
	Within time.Duration `yaml:"within" max:"24h"`
	Match  string        `yaml:"match" form:"pattern"` // found anywhere in the request's target; empty: every request
}

// Rule is what it says of the requests that it is for.
func (r HTTPErrorRule) Rule() ErrorRule { return ErrorRule{r.Limit, r.Codes, r.Within} }

// SilentRule makes a node down that answers nothing.
type SilentRule struct {
	Requests int           `yaml:"requests" min:"0" max:"1000000"` // more than so many sent, and nothing came back; 0: off
	After    time.Duration `yaml:"after" max:"24h"`                // and this has passed since it last answered
}

var (
	errorRule  = ErrorRule{Codes: []string{"500", "503"}, Within: time.Minute}
	httpErrors = HTTPErrorRule{Codes: []string{"500", "503"}, Within: time.Minute}
	silentRule = SilentRule{After: 10 * time.Second}
)

// HTTPProbe asks for Path; any answer below 500 is a sign of life.
type HTTPProbe struct {
	Path     string        `yaml:"path" form:"path"`
	Interval time.Duration `yaml:"interval" max:"1h"`
	Timeout  time.Duration `yaml:"timeout" min:"10ms" max:"1m"`  // for one answer; never longer than Interval
	Fall     int           `yaml:"fall" min:"1" max:"100"`       // failures in a row that make a node down
	Rise     int           `yaml:"rise" min:"1" max:"100"`       // successes in a row that make it up again
	Recover  time.Duration `yaml:"recover" min:"100ms" max:"1h"` // without probes: how long a node stays down before it is tried with traffic
	Errors   HTTPErrorRule `yaml:"errors"`
	Silent   SilentRule    `yaml:"silent"`
}

// SIPProbe sends OPTIONS.
type SIPProbe struct {
	Interval time.Duration `yaml:"interval" max:"1h"`
	Timeout  time.Duration `yaml:"timeout" min:"10ms" max:"1m"`  // for one answer; never longer than Interval
	Fall     int           `yaml:"fall" min:"1" max:"100"`       // failures in a row that make a node down
	Rise     int           `yaml:"rise" min:"1" max:"100"`       // successes in a row that make it up again
	Recover  time.Duration `yaml:"recover" min:"100ms" max:"1h"` // without probes: how long a node stays down before it is tried with traffic
	Errors   ErrorRule     `yaml:"errors"`
	Silent   SilentRule    `yaml:"silent"`
	Mode     string        `yaml:"mode" oneof:"always down"` // down: only nodes that are not known to be up
	// Codes are signs of life besides 2xx, and 3xx say nothing. Empty: any
	// answer but 503 is a sign of life.
	Codes []int `yaml:"codes" max:"64" each:"min:\"300\" max:\"699\""`
}

// Affinity says what ties messages to application sessions.
type Affinity struct {
	Leader   string       `yaml:"leader" oneof:"http sip"`
	HTTP     []HTTPSource `yaml:"http" max:"8"`
	SIP      []SIPSource  `yaml:"sip" max:"8"`
	Route    RouteWords   `yaml:"route"`
	Instance bool         `yaml:"instance"` // Node.Instance in the path of a REST request names the node
	MaxKeys  int          `yaml:"maxKeys" min:"2" max:"4096"`
	TTL      TTL          `yaml:"ttl"`
}

// HTTPSource is where an HTTP request may carry a key.
type HTTPSource struct {
	Source string `yaml:"source" words:"httpSource" required:"true"`
	Name   string `yaml:"name" form:"token" required:"true"`
}

// SIPSource is where a SIP request may carry a key. In the file it is a word
// or a mapping.
type SIPSource struct {
	Source  string  `yaml:"source" words:"sipSource" required:"true"`
	Exclude Exclude `yaml:"exclude"`
}

// Exclude names users and networks that are no identity: trunks, gateways.
type Exclude struct {
	Users    []string `yaml:"users"`
	Pattern  string   `yaml:"pattern" form:"pattern"` // matches the whole key
	Networks []string `yaml:"networks" form:"cidr"`
}

// RouteWords says where a session id stands besides the cookie and the path,
// and how a route stands in it.
type RouteWords struct {
	Delimiter string `yaml:"delimiter" oneof:"first last"` // the route begins after this dot
	Query     string `yaml:"query" form:"parameter"`       // GET parameter with an id; empty: none is looked at
	AnyCase   bool   `yaml:"anyCase"`                      // the cookie's name in whatever case
}

// TTL is the life of a session: without traffic, and in all.
type TTL struct {
	Idle time.Duration `yaml:"idle" max:"720h"`
	Max  time.Duration `yaml:"max" max:"8760h"`
}

// FollowSIP says how HTTP follows SIP when the leader is sip.
type FollowSIP struct {
	Mode           string `yaml:"mode" oneof:"rewrite redirect refresh"`
	MaxCorrections int    `yaml:"maxCorrections" min:"0" max:"100"`
}

// Store says where the affinity table lives.
type Store struct {
	Memory MemoryStore `yaml:"memory"`
}

// MemoryStore is the embedded table.
type MemoryStore struct {
	MaxEntries int `yaml:"maxEntries" min:"1000" max:"1000000000"`
}

// State is where the process keeps files. Empty: the usual place of the
// system.
type State struct {
	Dir string `yaml:"dir"`
}

// Secrets is the file of keys. Empty: "secrets" in State.Dir.
type Secrets struct {
	File string `yaml:"file"`
}

// Shutdown is how the process stops.
type Shutdown struct {
	Announce time.Duration `yaml:"announce" max:"10m"` // readyz says 503, everything else goes on
	Grace    time.Duration `yaml:"grace" max:"168h"`   // for requests and calls to end
}

// Default returns what an empty file means.
func Default() Config {
	pool := Pool{Name: "default"}
	pool.SetDefaults()
	return Config{
		Version:   1,
		Listen:    Listen{SIP: SIPListen{Shards: 1}},
		Pools:     []Pool{pool},
		Mounts:    []Mount{{Path: "/*", Pool: "default"}},
		Heartbeat: beats.Default(),
		Health: Health{
			HTTP: HTTPProbe{"/", 5 * time.Second, 2 * time.Second, 2, 2, 10 * time.Second, httpErrors, silentRule},
			AJP:  AJPProbe{true, 5 * time.Second, 2 * time.Second, 2, 2, 10 * time.Second, httpErrors, silentRule},
			SIP:  SIPProbe{10 * time.Second, 2 * time.Second, 2, 2, 10 * time.Second, errorRule, silentRule, "always", nil},
		},
		Affinity: Affinity{
			Leader:  "http",
			HTTP:    []HTTPSource{{"query", "appsession"}, {"cookie", "JSESSIONID"}},
			SIP:     []SIPSource{{Source: "call-id"}},
			Route:   RouteWords{Delimiter: "first"},
			MaxKeys: 64,
			TTL:     TTL{Idle: 30 * time.Minute, Max: 12 * time.Hour},
		},
		FollowSIP: FollowSIP{Mode: "rewrite", MaxCorrections: 2},
		SIP:       defaultSIP(),
		Store:     Store{Memory: MemoryStore{MaxEntries: 4_000_000}},
		Gateways:  1,
		Admin:     console.Default(),
		Telemetry: telemetry.Default(),
		Limits:    limits.Default(),
		Shutdown:  Shutdown{Announce: 5 * time.Second, Grace: 10 * time.Minute},
	}
}

// Words are the words that other packages own, as plain lists. A SIP source
// that ends with ":" takes a name ("header:").
type Words struct {
	Balance       []string            // algorithms
	Deterministic []string            // those that every gateway answers alike
	Homes         []string            // those that say where a key belongs, whatever the table knows
	Takes         map[string][]string // keys of Placement that only these take
	HTTPSources   []string
	SIPSources    []string
	AJPVariables  []string // what nodes[].ajp.variables may name
	OldClasses    []string // what older products call algorithms: one of them may have been meant
	// OldClass finds what an older product calls an algorithm, and Configure
	// tells what is wrong with the parameters of one. nil: nobody knows.
	OldClass  func(word string) (Class, bool)
	Configure func(algorithm string, p Placement) error
	// Files looks at the files of a listener's certificates, and TowardFiles at
	// those for whom we connect to. nil: nobody looks.
	Files       secure.Files
	TowardFiles secure.TowardFiles
}
