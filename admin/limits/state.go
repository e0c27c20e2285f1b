package limits

import (
	"net/netip"
	"time"
)

// State is whom and what the SIP front keeps out, and what it has in hand. Counts are since the start.
type State struct {
	Bans        []Ban             // in any order
	Sources     int               // whose rate is known
	Scanners    []Hit             // requests dropped for a word of their User-Agent
	Shed        map[string]uint64 // messages dropped or refused before they were routed, by reason
	Pending     Pending
	Connections []Connections // of each TCP listener
}

// Ban is a source of which nothing is taken for a time.
type Ban struct {
	Source  netip.Prefix // one IPv4 address, or an IPv6 /64
	Until   time.Time
	Dropped int // messages so far
}

// Hit is a scanner's word and how often it was met.
type Hit struct {
	Word string `json:"word"`
	Hits uint64 `json:"hits"`
}

// Pending is about INVITEs that are not answered.
type Pending struct {
	Live      int               `json:"live"`
	Max       int               `json:"max"` // beyond, they are forwarded without failover
	Opened    uint64            `json:"opened"`
	Stateless uint64            `json:"stateless"` // those beyond
	Left      map[string]uint64 `json:"left"`      // nodes left, by cause
	Answers   map[string]uint64 `json:"answers"`   // the gateway's own, by status code
}

// Connections is what happened at one TCP listener.
type Connections struct {
	Listener string `json:"listener"`
	Open     int64  `json:"open"`
	Accepted int64  `json:"accepted"`
	Dialled  int64  `json:"dialled"`
	Refused  int64  `json:"refused"` // for a limit
	TimedOut int64  `json:"timedOut"`
	Garbled  int64  `json:"garbled"` // closed for what is no SIP
}
