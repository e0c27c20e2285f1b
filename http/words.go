package http

import "time"

// PoolWords are what an operator says about the requests of one pool. In
// brackets stand mod_jk's directives.
type PoolWords struct {
	Retry Retry
	// Rule is what a MountRule may replace.
	Rule RuleWords
	// Nodes are the words of the pool's nodes, by name.
	Nodes map[string]NodeWords
}

// Retry says how often a request that may be repeated is given to nodes of its
// pool. The zero value is one round over Settings.Attempts nodes.
type Retry struct {
	Rounds   int           // rounds over the nodes [retries]; 0 means 1
	Nodes    int           // nodes asked in a round [lb_retries]; 0 means Settings.Attempts
	Interval time.Duration // pause between two rounds [retry_interval]
}

// RuleWords are what a pool says about its requests, and a MountRule about
// those of its path. In a rule the zero value leaves what the pool says.
type RuleWords struct {
	// ReplyTimeout bounds the wait for each part of an answer
	// [reply_timeout]; nil: as the way to the node has it, 0: no bound.
	ReplyTimeout *time.Duration
	// FailOn are statuses of a node that are failures [fail_on_status]; a
	// negative one says nothing about the node. nil: the node's list.
	FailOn []int
	// ServerErrors is the lowest status for which the client gets a page of
	// the gateway instead of the node's [use_server_errors]; 0: none.
	ServerErrors int
	// Cookie and Path are the names that session ids stand under
	// [session_cookie, session_path]; "": those of Settings.Dialect.
	Cookie, Path string
	// SetCookie gives a client that was not served by the node of its session
	// a cookie with the node's route [set_session_cookie], for the path
	// SetPath [session_cookie_path], nil: "/", "": none said.
	SetCookie *bool
	SetPath   *string
}

// NodeWords are what an operator says about the requests that one node of a
// pool gets.
type NodeWords struct {
	// Attempts is how often a request that may be repeated is given to the
	// node before another gets it [retries]; 0 means 1. Interval is the pause
	// before each further one [retry_interval].
	Attempts int
	Interval time.Duration
	// FailOn: see RuleWords, which go before it.
	FailOn []int
	// Repeat are the methods of requests that may be given to a node once more
	// although they were sent to this one [recovery_options]; nil: those that
	// are idempotent.
	Repeat *[]string
}
