package config

import (
	"slices"
	"time"
)

// Pool is a set of nodes that serve the same applications. mod_jk's
// directives stand in brackets.
type Pool struct {
	Name        string     `yaml:"-" form:"name"`
	Nodes       []PoolNode `yaml:"nodes" max:"257"` // "*" is every node
	Balance     string     `yaml:"balance"`         // of Words.Balance, or an older product's name of it
	Own         bool       `yaml:"-"`               // the file says Balance
	Sticky      bool       `yaml:"sticky"`
	StickyForce bool       `yaml:"stickyForce"`
	SessionID   string     `yaml:"sessionId" oneof:"asSet base+route"`
	Realm       string     `yaml:"realm" form:"name"`

	Placement Placement  `yaml:"placement"`
	Health    PoolHealth `yaml:"health"`

	Recovery *Recovery     `yaml:"recovery"`                    // nil: the health of nodes alone decides
	Maintain time.Duration `yaml:"maintain" min:"1s" max:"24h"` // load values age, errors are forgiven [worker.maintain]
	Retries  *PoolRetries  `yaml:"retries"`                     // nil: one round over at most three nodes

	// What a mount may say otherwise.
	ReplyTimeout *time.Duration `yaml:"replyTimeout" max:"24h"`                                // nil: as the node
	FailOnStatus *[]int         `yaml:"failOnStatus" max:"64" each:"min:\"-599\" max:\"599\""` // nil: as the node
	ServerErrors int            `yaml:"serverErrors" min:"0" max:"599"`                        // from this status on our own page answers; 0: never [use_server_errors]
	Session      Session        `yaml:"session"`
}

// SetDefaults is called for each element of the list before it is read.
func (p *Pool) SetDefaults() {
	p.Nodes, p.Balance, p.Sticky, p.SessionID = []PoolNode{{Name: allNodes}}, "requests", true, "asSet"
	p.Placement, p.Maintain, p.Session.SetPath = defaultPlacement(), time.Minute, "/"
}

// PoolHealth is what a pool wants of the probes of its nodes.
type PoolHealth struct {
	SIP PoolProbe `yaml:"sip"`
}

// PoolProbe is instead of Health.SIP. Of a node in several pools that say
// something counts the mode that probes more, and the codes that all of them
// list [OpenSIPS probe_mode, probing_reply_codes].
type PoolProbe struct {
	Mode  string `yaml:"mode" oneof:"always down never"` // never: who failed stays out till an operator says otherwise; empty: as all
	Codes []int  `yaml:"codes" max:"64" each:"min:\"300\" max:\"699\""`
}

// Recovery lets the failures of HTTP requests decide about each member of a
// pool, as mod_jk does, besides the health of its node.
type Recovery struct {
	Time             time.Duration `yaml:"time" min:"1s" max:"24h"`                // in error before it is tried again [recover_time]
	Escalation       time.Duration `yaml:"escalation" max:"24h"`                   // a single failure counts after this long without success; 0: at once [error_escalation_time]
	MaxReplyTimeouts int           `yaml:"maxReplyTimeouts" min:"0" max:"1000000"` // that are forgiven [max_reply_timeouts]
}

// SetDefaults is called before it is read.
func (r *Recovery) SetDefaults() { r.Time, r.Escalation = time.Minute, halfOfTime }

// halfOfTime is Escalation until the whole file is read.
const halfOfTime = -1

// PoolRetries say how many nodes a request is given to: so many in each round,
// with a pause between rounds [lb_retries, retries and retry_interval of an lb].
type PoolRetries struct {
	Rounds   int           `yaml:"rounds" min:"1" max:"100"`
	Nodes    int           `yaml:"nodes" min:"1" max:"256"`
	Interval time.Duration `yaml:"interval" max:"1m"`
}

// SetDefaults is called before it is read.
func (r *PoolRetries) SetDefaults() {
	r.Rounds, r.Nodes, r.Interval = 2, 2, 100*time.Millisecond
}

// Session says what the session id is called. An empty Cookie is that of
// Affinity.HTTP, an empty Path ";jsessionid".
type Session struct {
	Cookie  string `yaml:"cookie" form:"token"`       // [session_cookie]
	Path    string `yaml:"path" form:"sessionPath"`   // with its semicolon [session_path]
	Set     bool   `yaml:"set"`                       // whoever is not where its session id says gets a cookie with the route [set_session_cookie]
	SetPath string `yaml:"setPath" form:"cookiePath"` // of that cookie [session_cookie_path]
}

// PoolNode is a node of a pool. What is nil is as the node itself says. In
// the file it is a name, "*", or a mapping with the name and other words.
type PoolNode struct {
	Name         string        `yaml:"name" form:"poolNode" required:"true"`
	Route        *string       `yaml:"route" form:"route"`
	Weight       *int          `yaml:"weight" min:"1" max:"1000000"`
	Domain       *string       `yaml:"domain" form:"route"`
	Distance     *int          `yaml:"distance" min:"0" max:"1000000"`
	Redirect     *string       `yaml:"redirect" form:"route"`
	Activation   *string       `yaml:"activation" oneof:"active disabled stopped"`
	BusyLimit    *int          `yaml:"busyLimit" min:"0" max:"1000000"`
	Capacity     []Resource    `yaml:"capacity" keyed:"Name" max:"64"` // instead of the node's, as a whole
	Retries      PoolNodeTries `yaml:"retries"`
	FailOnStatus *[]int        `yaml:"failOnStatus" max:"64" each:"min:\"-599\" max:\"599\""`
	Repeat       *[]string     `yaml:"repeat" form:"method" max:"32"`
}

// PoolNodeTries are NodeRetries in a pool.
type PoolNodeTries struct {
	Attempts *int           `yaml:"attempts" min:"1" max:"100"`
	Interval *time.Duration `yaml:"interval" max:"1m"`
}

// takesAll tells whether every node is in the pool that it does not name.
func (p *Pool) takesAll() bool {
	return slices.ContainsFunc(p.Nodes, func(n PoolNode) bool { return n.Name == allNodes })
}
