package assembly

import (
	"fmt"
	"maps"
	"regexp"
	"slices"

	"twinhop/cmd/twinhop/resources"
	"twinhop/gateway"
	"twinhop/gateway/balance"
	"twinhop/gateway/config"
)

// own are algorithms that are added to those of package balance, by the word
// that the configuration uses: whoever has one writes a line here. A word that
// is there already gets the new meaning.
var own = map[string]func() balance.Algorithm{}

// algorithmNames lists every word for an algorithm.
func algorithmNames() []string {
	return slices.Compact(slices.Sorted(slices.Values(append(balance.Names(), slices.Collect(maps.Keys(own))...))))
}

// newAlgorithm makes one with its parameters.
func newAlgorithm(word string, p config.Placement) (balance.Algorithm, error) {
	var a balance.Algorithm
	if make, ok := own[word]; ok {
		a = make()
	} else if a, ok = balance.New(word); !ok {
		return nil, fmt.Errorf("there is no algorithm %q", word)
	}
	if c, ok := a.(balance.Configurable); ok {
		if err := c.Configure(balance.Params{Failback: p.Failback, ReportAge: p.ReportAge, Own: p.OwnWords()}); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// configure tells what is wrong with the parameters of an algorithm.
func configure(word string, p config.Placement) error {
	_, err := newAlgorithm(word, p)
	return err
}

// takes says which algorithms heed which key of a placement.
func takes() map[string][]string {
	all := balance.Takes()
	all["own"] = slices.Sorted(maps.Keys(own))
	return all
}

// policy says the same as the configuration in the words of the Router. Each
// pool has algorithms of its own per front: they count. held tells how many
// sessions live on a node.
func policy(c *config.Config, held func(node string) int) (*gateway.Policy, error) {
	p := &gateway.Policy{Pools: map[string]gateway.Placement{}}
	if c.Affinity.Leader == "sip" {
		p.Leader = gateway.LeaderSIP
	}
	for _, pool := range c.Pools {
		place, err := placement(c, &pool, held)
		if err != nil {
			return nil, fmt.Errorf("pools.%s: %w", pool.Name, err)
		}
		p.Pools[pool.Name] = place
	}
	return p, nil
}

func placement(c *config.Config, pool *config.Pool, held func(node string) int) (place gateway.Placement, err error) {
	if place.HTTP, err = newAlgorithm(pool.Balance, pool.Placement); err != nil {
		return place, fmt.Errorf("balance %s: %w", pool.Balance, err)
	}
	if word := c.CallBalance(pool); c.ServesSIP(pool.Name) { // else no calls come here
		if place.SIP, err = newAlgorithm(word, pool.Placement); err != nil {
			return place, fmt.Errorf("balance of calls %s: %w", word, err)
		}
	}
	join(&place, c, pool)
	for _, pin := range pool.Placement.Pins {
		re, err := regexp.Compile(pin.Match)
		if err != nil {
			return place, fmt.Errorf("placement.pins: %w", err)
		}
		place.Pins = append(place.Pins, balance.Pin{Match: re, Node: pin.Node})
	}
	if pool.Placement.Failover == "group" {
		place.Heirs = &balance.Heirs{Held: held, ByName: c.Gateways > 1}
	}
	place.Bench = resources.Bench(c, pool.Name)
	return place, nil
}

// join lets both protocols ask one object where a key belongs.
func join(place *gateway.Placement, c *config.Config, pool *config.Pool) {
	if _, ok := place.HTTP.(balance.Homer); ok && c.CallBalance(pool) == pool.Balance {
		place.SIP = place.HTTP
	}
}
