package config

import (
	"time"
)

// Placement says more about how a pool's work is placed than the word of
// Balance does. It counts for HTTP and for SIP.
type Placement struct {
	Failover  string        `yaml:"failover" oneof:"spread group"`   // group: all that a node leaves goes to one other
	Pins      []Pin         `yaml:"pins" max:"256"`                  // tried in their order, before the algorithm and before the table
	RampUp    RampUp        `yaml:"rampUp"`                          // of nodes that are new or come back
	Failback  bool          `yaml:"failback"`                        // of active-standby
	ReportAge time.Duration `yaml:"reportAge" min:"100ms" max:"24h"` // of least-load: older reports do not count
	Own       []OwnWord     `yaml:"own" keyed:"Name" max:"64"`       // of algorithms that were added to the program
}

// Pin ties the users that match to a node.
type Pin struct {
	Match string `yaml:"match" form:"pattern" required:"true"` // found anywhere in the key, unless it says otherwise
	Node  string `yaml:"node" form:"name" required:"true"`
}

// RampUp gives a node its weight in steps.
type RampUp struct {
	Over  time.Duration `yaml:"over" max:"24h"` // 0: at once
	Steps int           `yaml:"steps" min:"2" max:"100"`
}

// OwnWord is a parameter of an algorithm that package balance does not know.
type OwnWord struct {
	Value string `yaml:"value" form:"text" required:"true"`
	Name  string `yaml:"-" form:"name"`
}

func defaultPlacement() Placement {
	return Placement{Failover: "spread", RampUp: RampUp{Steps: 10}, ReportAge: 15 * time.Second}
}

// OwnWords are Own as a map.
func (p *Placement) OwnWords() map[string]string {
	all := map[string]string{}
	for _, w := range p.Own {
		all[w.Name] = w.Value
	}
	return all
}

// Class is what a word of an older product means here.
type Class struct {
	Name    string // the algorithm
	Group   bool   // with failover: group
	Refused string // why there is none
}
