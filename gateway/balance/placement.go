package balance

import (
	"time"

	"twinhop/gateway/cluster"
)

// Placement says how the work of a pool is placed. The zero Placement leaves
// it to Rendezvous.
type Placement struct {
	HTTP, SIP Algorithm // one object where both are the same Homer
	Pins      Pins
	Heirs     *Heirs        // nil: what a node leaves is spread
	Bench     time.Duration // for how long a node that failed a call gets nothing new; 0: only as it asks for
}

// Algorithm places work of a service; nil: nobody said.
func (p *Placement) Algorithm(s cluster.Service) Algorithm {
	if s == cluster.SIP {
		return p.SIP
	}
	return p.HTTP
}

// Homer is the algorithm of a service if it is one.
func (p *Placement) Homer(s cluster.Service) Homer {
	h, _ := p.Algorithm(s).(Homer)
	return h
}

// Active is the Homer of a service in a pool where one node does everything,
// else nil.
func (p *Placement) Active(s cluster.Service) Homer {
	if h := p.Homer(s); h != nil && h.Strict() {
		return h
	}
	return nil
}
