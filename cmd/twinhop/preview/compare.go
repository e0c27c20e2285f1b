package preview

import (
	"context"
	"fmt"
	"slices"

	"twinhop/admin/affinity"
	"twinhop/admin/stamp"
	"twinhop/gateway"
	"twinhop/gateway/cluster"
	"twinhop/gateway/config"
	"twinhop/gateway/trace/specimens"
)

// Traffic is what is tried.
type Traffic struct {
	List []specimens.Specimen // oldest first
	View *cluster.View        // the nodes there are
}

// turn is had by one trial at a time: what is left of the machine belongs to traffic.
var turn = make(chan struct{}, 1)

// Try tells what the affinity of next would have done with the traffic, which
// came to one of the affinity of now. Changed, Restart and what is wrong with
// next in itself are not told.
func Try(ctx context.Context, t *Traffic, now, next *config.Config) (*affinity.Preview, error) {
	select {
	case turn <- struct{}{}:
		defer func() { <-turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	list := slices.DeleteFunc(slices.Clone(t.List), func(s specimens.Specimen) bool {
		p := t.View.Pool(s.Pool)
		return p == nil || p.Member(s.Node) == nil // who served it is gone: nothing can be said of it
	})
	v, err := stage(t.View, list)
	if err != nil {
		return nil, err
	}
	on := &Traffic{List: list, View: v}
	before, _, err := play(ctx, now, on, make([]bool, len(list)))
	if err != nil {
		return nil, err
	}
	after, reading, err := play(ctx, next, on, age(list, before))
	if err != nil {
		return nil, err
	}
	x := &trial{list: list, before: before, after: after, next: next, reading: reading}
	return x.preview(), nil
}

// trial is traffic that was decided about twice.
type trial struct {
	list          []specimens.Specimen
	before, after []outcome
	next          *config.Config
	reading       *reading // of next
}

const (
	examples   = 16 // of a class
	groupsMost = 10
)

// The classes.
const (
	unchanged   = ""
	wouldMove   = "wouldMove"
	newlySticky = "newlySticky"
	lost        = "lost"
)

// class tells how a message would fare otherwise.
func class(before, after *outcome) string {
	switch {
	case before.sticky && !after.sticky:
		return lost
	case !before.sticky && after.sticky:
		return newlySticky
	case before.node != after.node:
		return wouldMove
	}
	return unchanged
}

var protos = map[bool]string{false: "http", true: "sip"}

func (x *trial) preview() *affinity.Preview {
	p := &affinity.Preview{Recorded: len(x.list), Proto: map[string]int{"http": 0, "sip": 0}, Examples: []affinity.Example{}, Changed: []string{}, Restart: []string{}}
	if n := len(x.list); n > 0 {
		p.Since, p.Until = stamp.Of(x.list[0].At), stamp.Of(x.list[n-1].At)
	}
	counts := map[string]int{}
	for i := len(x.list) - 1; i >= 0; i-- { // the last ones are those that somebody remembers
		s := &x.list[i]
		p.Proto[protos[s.SIP]]++
		c := class(&x.before[i], &x.after[i])
		if counts[c]++; c != unchanged && counts[c] <= examples {
			p.Examples = append(p.Examples, x.example(i, c))
		}
	}
	p.Unchanged, p.WouldMove, p.NewlySticky, p.Lost = counts[unchanged], counts[wouldMove], counts[newlySticky], counts[lost]
	after := x.groups(x.after)
	p.Groups = affinity.Groups{Before: shown(x.groups(x.before), len(x.list)), After: shown(after, len(x.list))}
	p.Warnings = x.warnings(after)
	return p
}

func (x *trial) example(i int, class string) affinity.Example {
	s, before, after := &x.list[i], &x.before[i], &x.after[i]
	e := affinity.Example{Class: class, Proto: protos[s.SIP], At: stamp.Of(s.At), Node: before.node, Before: found(before.keys), After: found(after.keys),
		Rule: after.rule.String(), With: why(after)}
	if after.sticky {
		e.To = after.node
	}
	return e
}

func found(keys []*specimens.Key) []affinity.Found {
	list := []affinity.Found{}
	for _, k := range keys {
		list = append(list, foundAt(k))
	}
	return list
}

func foundAt(k *specimens.Key) affinity.Found {
	return affinity.Found{Source: k.Source.String(), Name: k.Name, Text: text(k)}
}

// text is what may be shown of a value; where that is nothing, what tells it
// from others.
func text(k *specimens.Key) string {
	if k.Text == "…" {
		return fmt.Sprintf("…#%04x", k.Value>>48)
	}
	return k.Text
}

// why says in words why a message goes where it goes.
func why(o *outcome) string {
	switch {
	case o.node == "":
		return "no node may serve it: stickiness is forced, and the node of its session is not there"
	case !o.sticky && len(o.keys) == 0:
		return "nothing that it carries is a key: it is placed as new"
	case !o.sticky:
		return "none of its keys is known by then: it is placed as new"
	}
	switch o.rule {
	case gateway.CookieRoute, gateway.PathRoute:
		return "the route of its session id leads to " + o.node
	case gateway.RouteHeader, gateway.ExplicitTarget:
		return "it names " + o.node + " itself"
	case gateway.SessionHash:
		return "its session id has no route; the hash of it leads to " + o.node
	case gateway.FollowSIPRewrite:
		return "its session lives on " + o.node + ", where SIP landed, and HTTP follows"
	case gateway.Guest:
		return "its id leads to " + o.node + ", though its session lives elsewhere"
	}
	if k := decisive(o); k != nil {
		name := k.Source.String()
		if k.Name != "" {
			name += " " + k.Name
		}
		return fmt.Sprintf("%s %s is known by then, and leads to %s", name, text(k), o.node)
	}
	return "its session lives on " + o.node
}

// decisive is the key by which the message was known.
func decisive(o *outcome) *specimens.Key {
	by := map[gateway.Rule][]gateway.Source{gateway.ParamAppsession: {gateway.SourceQuery}, gateway.AffinityCallID: {gateway.SourceCallID},
		gateway.AffinityFromUser: {gateway.SourceFromUser, gateway.SourceFromAOR}, gateway.AffinityToUser: {gateway.SourceToUser, gateway.SourceToAOR},
		gateway.AffinityCustom: {gateway.SourceHeader, gateway.SourceAppKey}, gateway.AffinityHTTP: {gateway.SourceCookie, gateway.SourcePath, gateway.SourceQuery},
		gateway.AffinityLinked: {gateway.SourceFlow, gateway.SourceCookie, gateway.SourcePath, gateway.SourceQuery}}[o.rule]
	for _, k := range o.keys {
		if slices.Contains(by, k.Source) {
			return k
		}
	}
	return nil
}
