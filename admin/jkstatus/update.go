package jkstatus

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"twinhop/admin/jkstatus/workers"
)

// Messages, as mod_jk words them. Scripts look for them.
const (
	finished     = "Action finished"
	badCommand   = "Invalid command."
	badForm      = "Invalid mime type."
	badQuery     = "Error during parsing of URI"
	denied       = "Access denied."
	readOnly     = "This command is not allowed in read only mode."
	noWorker     = "NULL or EMPTY worker param"
	noMember     = "EMPTY sub worker param"
	wrongWorker  = "Could not find given worker"
	wrongMember  = "could not find sub worker"
	notBalancer  = "worker type has no sub workers"
	noWildcard   = "wildcard not allowed in sub worker for this command"
	notUpdated   = "Update failed"
	notReset     = "Reset failed"
	notRecovered = "Marking worker for recovery failed"
	noForm       = "Error in generating this worker's configuration form."
)

// target is the worker that a command is about.
type target struct {
	balancer *workers.Balancer
	single   *workers.Single // one of the two, or neither: a status worker
	members  []*workers.Member
	name     string // of the worker
	all      bool   // no member was named
}

// find looks for the worker and its member. The answer is a message, empty
// when they are there.
func (v *visit) find() (t target, message string) {
	t.name = v.query.values["w"]
	member, named := v.query.values["sw"]
	switch {
	case t.name == "":
		return t, noWorker
	case named && member == "":
		return t, noMember
	}
	t.balancer, t.single, t.all = v.state.Balancer(t.name), v.state.Single(t.name), !named
	if t.balancer == nil && t.single == nil && !slices.Contains(v.state.Others, t.name) {
		return t, wrongWorker
	}
	if !named {
		return t, ""
	}
	wild := strings.ContainsAny(member, "*?")
	switch {
	case wild && v.command != cmdUpdate:
		return t, noWildcard
	case t.balancer == nil:
		return t, notBalancer
	}
	for i := range t.balancer.Members {
		if m := &t.balancer.Members[i]; m.Name == member || wild && match(member, m.Name) {
			t.members = append(t.members, m)
		}
	}
	if len(t.members) == 0 {
		return t, wrongMember
	}
	return t, ""
}

// match compares a name with a pattern of '*' and '?'.
func match(pattern, name string) bool {
	i, j, star, mark := 0, 0, -1, 0
	for j < len(name) {
		switch {
		case i < len(pattern) && pattern[i] == '*':
			star, mark = i, j
			i++
		case i < len(pattern) && (pattern[i] == '?' || pattern[i] == name[j]):
			i++
			j++
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[i:], "*") == ""
}

// update makes all changes or none. The answer is a message, empty when they
// were made.
func (v *visit) update(t target) string {
	var changes []workers.Change
	var err error
	switch {
	case t.balancer != nil && t.all && v.query.values["att"] != "":
		changes, err = v.each(t.balancer)
	case t.balancer != nil && t.all:
		changes, err = v.collect(ofBalancer, workers.Change{Worker: t.name}, at(t.balancer, balancerNow))
	case t.balancer != nil:
		for _, m := range t.members {
			var more []workers.Change
			more, err = v.collect(both, workers.Change{Worker: t.name, Member: m.Name}, at(m, memberNow))
			if changes = append(changes, more...); err != nil {
				break
			}
		}
	case t.single != nil:
		changes, err = v.collect(ofNode, workers.Change{Worker: t.name}, at(&t.single.Node, nodeNow))
	default:
		return notUpdated
	}
	if err == nil && len(changes) > 0 {
		err = v.worker.Panel.Update(changes)
		v.tell("changed", err, changes)
	}
	if refused := (*workers.Refused)(nil); errors.As(err, &refused) {
		return refused.Why
	}
	if err != nil {
		return notUpdated
	}
	return ""
}

// at binds what tells the present values to its object.
func at[T any](x T, now func(T, workers.Attribute) value) func(workers.Attribute) value {
	return func(a workers.Attribute) value { return now(x, a) }
}

// both is what a member takes.
var both = append(append([]parameter{}, ofMember...), ofNode...)

// collect reads what is given of the parameters and differs from what is. A
// parameter of something else is an error: it would have no effect.
func (v *visit) collect(list []parameter, c workers.Change, of func(workers.Attribute) value) ([]workers.Change, error) {
	var all []workers.Change
	for i := range list {
		p := &list[i]
		text, ok := v.query.given(p)
		if !ok {
			continue
		}
		want, now, err := v.want(p, text, of)
		if err != nil {
			return nil, err
		}
		if want != now {
			c.Attribute, c.Number, c.Text = p.attribute, want.number, want.text
			all = append(all, c)
		}
	}
	return all, v.stray(list)
}

// want is the value asked for, and the one there is.
func (v *visit) want(p *parameter, text string, of func(workers.Attribute) value) (want, now value, err error) {
	now = of(p.attribute)
	if p.kind == aNumber && strings.TrimSpace(text) == strconv.Itoa(now.number) {
		return now, now, nil // what is there may be sent back, whatever its range
	}
	if want, err = p.read(text); err != nil {
		return want, now, workers.Refuse("%s", err)
	}
	return want, now, nil
}

// stray finds a parameter of update that is none of the list.
func (v *visit) stray(list []parameter) error {
	for _, others := range [][]parameter{ofBalancer, both} {
		for i := range others {
			p := &others[i]
			if _, ok := v.query.given(p); ok && !slices.Contains(list, *p) {
				return workers.Refuse("%s (%s) is not a setting of this worker", p.name, p.attribute)
			}
		}
	}
	return nil
}

// attribute finds the parameter that att names.
func (v *visit) attribute() *parameter {
	name := v.query.values["att"]
	for i := range both {
		if p := &both[i]; name != "" && (name == p.name || name == p.old) {
			return p
		}
	}
	return nil
}

// each reads one attribute for all members: val0, val1 and so on.
func (v *visit) each(b *workers.Balancer) ([]workers.Change, error) {
	p := v.attribute()
	if p == nil {
		return nil, workers.Refuse("att: %.60q is not a setting of members", v.query.values["att"])
	}
	var all []workers.Change
	for i := range b.Members {
		m := &b.Members[i]
		text, ok := v.query.values["val"+strconv.Itoa(i)]
		if !ok {
			continue
		}
		want, now, err := v.want(p, text, at(m, memberNow))
		if err != nil {
			return nil, workers.Refuse("val%d: %s", i, err)
		}
		if want != now {
			all = append(all, workers.Change{Worker: b.Name, Member: m.Name, Attribute: p.attribute, Number: want.number, Text: want.text})
		}
	}
	return all, nil
}
