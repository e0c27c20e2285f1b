package nodes

import (
	"twinhop/admin/stamp"
)

// Announced is what a node told of itself that is not configured.
type Announced struct {
	By          string         `json:"by"`                    // "json", "rmi", "sip"
	Incarnation string         `json:"incarnation,omitempty"` // short for the session of its process, which is a secret
	Since       *stamp.Time    `json:"since"`
	Last        *stamp.Time    `json:"last"` // heartbeat
	Beats       int64          `json:"heartbeats"`
	HostName    string         `json:"hostName,omitempty"`
	Instance    string         `json:"instance,omitempty"`
	Draining    bool           `json:"draining"` // it asked for nothing new
	Ports       map[string]int `json:"ports"`    // by transport
	Health      string         `json:"health,omitempty"`
	Load        *Reported      `json:"load,omitempty"`
}

// Reported is what a node says of its load.
type Reported struct {
	Weight int `json:"weight"`
	Load   int `json:"load"` // percent
	Free   int `json:"free"`
}
