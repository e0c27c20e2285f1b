package balance

import (
	"regexp"

	"twinhop/appsession"
	"twinhop/gateway/cluster"
)

// Pin ties the keys that match to a node.
type Pin struct {
	Match *regexp.Regexp
	Node  string
}

// Pins are tried in their order. They count before any algorithm, and before
// what the table knows.
type Pins []Pin

// Find returns the member of the first pin that the key matches and whose node
// may have it: a node that is down, stopped or being drained is passed over.
// nil: no pin says anything.
func (p Pins) Find(key appsession.Key, pool *cluster.Pool, s cluster.Service) *cluster.Member {
	for i := range p {
		m := pool.Member(p[i].Node)
		if m != nil && m.Activation == cluster.Active && m.Has(s) && m.Alive(s) && p[i].Match.MatchString(key.Value) {
			return m
		}
	}
	return nil
}
