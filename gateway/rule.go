package gateway

// Source tells where in a message a key or a hint was found.
type Source uint8

// The sources. Their words are those of the configuration.
const (
	NoSource     Source = iota
	SourceCookie        // JSESSIONID cookie
	SourcePath          // ;jsessionid= in the path
	SourceQuery         // GET parameter
	SourceHeader        // header:X, HTTP or SIP
	SourceCallID
	SourceFromUser
	SourceToUser
	SourceFromAOR
	SourceToAOR
	SourceAppKey // org.mobicents.servlet.sip.ApplicationSessionKey, or a container's as=
	SourceNode   // X-Twinhop-Session, set by a node
	SourceRoute  // our signed parameter in Route, or an old balancer's hint
	SourceTarget // the address of a node in the R-URI or the first foreign Route; outside dialogs also an old balancer's hint
	SourceFlow   // the connection that the message came by
	sources
)

var sourceNames = [sources]string{"", "cookie", "path", "query", "header", "call-id", "from.user", "to.user",
	"from.aor", "to.aor", "application-session-key", "x-twinhop-session", "route", "target", "connection"}

// String returns the word used in the configuration and the API.
func (s Source) String() string { return sourceNames[min(s, sources-1)] }

// Rule says why a decision fell as it did. The list is closed: log, metrics,
// trace, API, UI and documentation share it.
type Rule uint8

// The rules.
const (
	NoNode           Rule = iota // nothing can serve this
	ExplicitTarget               // addressed to a live node
	RouteHeader                  // Route carries the node
	CookieRoute                  // the cookie's jvmRoute
	PathRoute                    // the jvmRoute of ;jsessionid=
	ParamAppsession              // known by the appsession parameter
	AffinityCallID               // known by its Call-ID
	AffinityFromUser             // known by from.user or from.aor
	AffinityToUser               // known by to.user or to.aor
	AffinityCustom               // known by a header or an application session key
	AffinityHTTP                 // known by its HTTP session id, whose route does not say
	AffinityLinked               // known by another key of the same application session
	Hash                         // rendezvous hash of the Call-ID of a dialog the table does not know
	SessionHash                  // rendezvous hash of a session id without route
	Balance                      // new, placed by the pool's algorithm
	RedirectRoute                // the owner's redirect node
	DomainFailover               // another node of the owner's domain
	FailoverDown                 // the owner is down
	FailoverStopped              // the owner was stopped
	FailoverGone                 // the owner was removed or restarted
	Substitute                   // the owner lacks the service or was just tried in vain; the session stays
	Guest                        // served where the client asked; the session lives elsewhere
	FollowSIPRewrite             // HTTP sent where SIP landed
	FollowSIPGaveUp              // corrections were ignored: served where it landed
	Switchover                   // moved by switchover or an operator
	FromNode                     // bound by what a node said
	Overflow                     // the table is full: placed by hash, without an entry
	Unbound                      // the table is broken: placed by hash, without an entry
	Busy                         // every node is at its capacity
	StickyForced                 // refused: the owner is unusable and stickiness is forced
	ForcedRecovery               // nobody was left but members in error: one is tried all the same
	rules
)

var ruleNames = [rules]string{"no_node", "explicit_target", "route_header", "cookie_route", "path_route",
	"param_appsession", "affinity_call_id", "affinity_from_user", "affinity_to_user", "affinity_custom",
	"affinity_http", "affinity_linked", "hash", "session_hash", "balance", "redirect_route", "domain_failover",
	"failover_down", "failover_stopped", "failover_gone", "substitute", "guest", "follow_sip_rewrite",
	"follow_sip_gave_up", "switchover", "from_node", "overflow", "unbound", "busy", "sticky_forced", "forced_recovery"}

// String returns the rule's code.
func (r Rule) String() string { return ruleNames[min(r, rules-1)] }

// Rules lists all rules, for documentation and metrics.
func Rules() []Rule {
	all := make([]Rule, rules)
	for i := range all {
		all[i] = Rule(i)
	}
	return all
}
