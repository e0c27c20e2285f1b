package nodes

import (
	"fmt"
	"math"
	"strings"

	"twinhop/admin/problem"
	"twinhop/gateway/cluster"
)

// Words are what an operator says of a node: its activation in all pools or,
// with Pool, any word of its member there.
type Words struct {
	Pool       string  `json:"pool"`
	Activation *string `json:"activation"`
	Weight     *int    `json:"weight"`
	Distance   *int    `json:"distance"`
	BusyLimit  *int    `json:"busyLimit"`
	Route      *string `json:"route"`
	Domain     *string `json:"domain"`
	Redirect   *string `json:"redirect"`
}

// Words says the same in the words of the cluster.
func (b *Words) Words() (w cluster.MemberWords, err error) {
	w = cluster.MemberWords{Weight: b.Weight, Distance: b.Distance, BusyLimit: b.BusyLimit, Route: b.Route, Domain: b.Domain, Redirect: b.Redirect}
	if b.Activation != nil {
		a, ok := cluster.ParseActivation(*b.Activation)
		if !ok {
			return w, problem.Invalid("#/activation", "active, disabled or stopped")
		}
		w.Activation = &a
	}
	if w == (cluster.MemberWords{}) {
		return w, problem.Invalid("#", "activation, weight, distance, busyLimit, route, domain or redirect")
	}
	return w, b.possible()
}

// possible tells what no node can be said to have, whatever the cluster is.
func (b *Words) possible() error {
	for _, x := range []struct {
		key         string
		n           *int
		least, most int
	}{{"weight", b.Weight, 1, cluster.MaxWeight}, {"distance", b.Distance, 0, math.MaxInt32}, {"busyLimit", b.BusyLimit, 0, math.MaxInt32}} {
		if x.n != nil && (*x.n < x.least || *x.n > x.most) {
			return problem.Invalid("#/"+x.key, "%s is %d to %d", x.key, x.least, x.most)
		}
	}
	for key, text := range map[string]*string{"route": b.Route, "domain": b.Domain, "redirect": b.Redirect} {
		if text != nil && *text != "" && !cluster.ValidRoute(*text) {
			return problem.Invalid("#/"+key, "%s is letters, digits, dots, - or _, at most 60 of them", key)
		}
	}
	return nil
}

// Said is what is asked for besides an activation of the whole node, for those
// who read the log.
func (b *Words) Said() string {
	var all []string
	say := func(key string, value any) { all = append(all, fmt.Sprintf("%s=%v", key, value)) }
	if b.Activation != nil && b.Pool != "" {
		say("activation", *b.Activation)
	}
	for i, n := range []*int{b.Weight, b.Distance, b.BusyLimit} {
		if n != nil {
			say([]string{"weight", "distance", "busyLimit"}[i], *n)
		}
	}
	for i, text := range []*string{b.Route, b.Domain, b.Redirect} {
		if text != nil {
			say([]string{"route", "domain", "redirect"}[i], *text)
		}
	}
	if len(all) > 0 && b.Pool != "" {
		say("pool", b.Pool)
	}
	return Clean(strings.Join(all, " "))
}
