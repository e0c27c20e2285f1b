package http

import (
	"net/netip"
	"regexp"
	"time"

	"twinhop/jvmroute"
)

// Settings are what an operator may change while the front runs. They are
// immutable once applied.
type Settings struct {
	// Mounts says which pool a path belongs to; what is not mounted is not
	// forwarded. nil mounts nothing.
	Mounts *Mounts
	// Pools are the words of pools, by name; absent: the zero value.
	Pools map[string]PoolWords
	// Sources are where requests carry keys, in order (affinity.http).
	Sources []KeySource
	// Dialect is how session ids are written.
	Dialect jvmroute.Dialect
	// Follow is how a client is corrected whose session lives elsewhere.
	Follow FollowMode
	// MaxCorrections bounds the redirects or refreshs for one id and route; after that
	// the request is served where it landed and the session moves there. 0
	// sends none: such requests are only routed right.
	MaxCorrections int
	// Instances: a path of Restcomm's REST interface may name its node.
	Instances bool
	// Errors are the requests, by target, whose errors count against the node,
	// by the scheme of its address; without an entry all do.
	Errors map[string]*regexp.Regexp
	// Unavailable is what a client gets when no node can serve it.
	Unavailable Unavailable
	// Trusted are the proxies whose X-Forwarded-* fields are believed.
	Trusted []netip.Prefix
	// Trace lets TRACE through to nodes: who repeats a request shows what
	// proxies added to it, and cookies that no script may read.
	Trace bool
	// Attempts is how many nodes a request may be given to, 0 means 3.
	Attempts int
	// MaxTarget and MaxFields bound the request target in bytes and the
	// number of fields; 0 means 8 KiB and 100.
	MaxTarget, MaxFields int
	// BodyStall is how long a client may pause within its body, or in taking
	// in an answer; 0 means 60 s.
	BodyStall time.Duration
	// TunnelIdle is how long an upgraded connection may be silent both ways,
	// 0 means one hour.
	TunnelIdle time.Duration
}

// A KeySource names a place in a request where a key may stand.
type KeySource struct {
	Source string // one of Sources
	Name   string
}

// The places. A session cookie's name is that of Settings.Dialect, and its id
// may stand in the path instead, as ;jsessionid=.
const (
	fromQuery  = "query"
	fromCookie = "cookie"
	fromHeader = "header"
)

// Sources are the words of KeySource.Source.
func Sources() []string { return []string{fromQuery, fromCookie, fromHeader} }

// FollowMode is how a client learns that its session lives on another node
// than its id says (followSip.mode, leader sip).
type FollowMode uint8

// The modes.
const (
	FollowRewrite  FollowMode = iota // route right and correct the client's cookie in the answer
	FollowRedirect                   // GET and HEAD: 307 to the same place with the corrected id
	FollowRefresh                    // GET and HEAD: an empty page that loads itself again, as servers of SIP servlets do
)

// An Unavailable says what stands in for an answer when no node can give one.
type Unavailable struct {
	// Proxy is the host ("host:port") that gets the requests instead, by
	// Front.StandIn; it goes before the others.
	Proxy string
	// Redirect is where clients are sent (302); it goes before Page.
	Redirect string
	// Page is the body of the 503, Type its media type; nil: a short text.
	Page []byte
	Type string
	// RetryAfter is told to the client, 0 means 5 s.
	RetryAfter time.Duration
}

func or[T comparable](v, def T) T {
	var zero T
	if v == zero {
		return def
	}
	return v
}

func (s *Settings) attempts() int             { return or(s.Attempts, 3) }
func (s *Settings) maxTarget() int            { return or(s.MaxTarget, 8<<10) }
func (s *Settings) maxFields() int            { return or(s.MaxFields, 100) }
func (s *Settings) bodyStall() time.Duration  { return or(s.BodyStall, time.Minute) }
func (s *Settings) tunnelIdle() time.Duration { return or(s.TunnelIdle, time.Hour) }
