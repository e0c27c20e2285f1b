package modjk

import (
	"fmt"
	"slices"
	"strings"

	"twinhop/gateway/config/sheet"
)

// write makes the file, and tells whether it holds a secret.
func (c *converter) write(in *Input, status []sheet.Entry) (text []byte, secrets bool) {
	s := sheet.Sheet{
		Head:   []string{"Converted from " + strings.Join(in.names(), ", ") + ".", "The comment of a line says where its value comes from."},
		Cookie: pair{Text: sheet.Quote(usualCookie), From: "mod_jk's default; pools may say another"},
		Status: status,
	}
	for _, addr := range in.Listen {
		s.Listen = append(s.Listen, pair{Text: sheet.Quote(addr), From: "--listen"})
	}
	if len(in.Listen) == 0 {
		s.Listen = []pair{{Text: sheet.Quote(":8080"), From: "change it to what httpd listens to when this takes over"}}
	}
	apart, realms := c.sharedRoutes(), c.realms()
	for _, n := range c.order {
		s.Nodes = append(s.Nodes, n.entry(apart))
		secrets = secrets || n.secret != ""
	}
	for _, p := range c.pools {
		e := p.entry(apart)
		if r := realms[p]; r != "" {
			e.Values = append(e.Values, pair{Key: "realm", Text: sheet.Quote(r), From: "the other pools have other nodes"})
		}
		s.Pools = append(s.Pools, e)
	}
	for _, m := range c.mounts {
		s.Mounts = append(s.Mounts, sheet.Row{Values: append([]pair{{Key: "path", Text: sheet.Quote(m.path)}, m.to}, m.words...), From: m.from.String()})
	}
	s.Foot = c.rest()
	return s.Bytes(), secrets
}

// rest lists what the file does not say.
func (c *converter) rest() (all []string) {
	for _, f := range c.Sorted() {
		if f.Verdict != Approximated && f.Verdict != Unsupported {
			continue
		}
		if len(all) == 0 {
			all = []string{"What mod_jk was told and this file says otherwise, or not at all:"}
		}
		all = append(all, fmt.Sprintf("  %s:%d %s: %s: %s", f.File, f.Line, f.Directive, f.Verdict, f.Note))
	}
	return all
}

// sharedRoutes tells whether members of different pools have the same route. Then routes belong to pools.
func (c *converter) sharedRoutes() bool {
	seen := map[string]bool{}
	for _, n := range c.order {
		if seen[n.route] {
			return true
		}
		seen[n.route] = true
	}
	return false
}

func (n *node) entry(apart bool) sheet.Entry {
	e := sheet.Entry{Name: n.w.name, From: n.w.at.String(), Values: []pair{n.http}}
	if !apart && n.route != n.w.name {
		e.Values = append(e.Values, pair{Key: "route", Text: sheet.Quote(n.route), From: n.w.says["route"].At[0].String() + " route"})
	}
	e.Values = slices.Concat(e.Values, n.own, n.tries)
	for _, p := range n.ajp {
		p.Key = "ajp." + p.Key
		e.Values = append(e.Values, p)
	}
	return e
}

func (p *pool) entry(apart bool) sheet.Entry {
	e := sheet.Entry{Name: p.w.name, From: p.from, Values: slices.Clone(p.words)}
	for _, m := range p.members {
		row := sheet.Row{Values: []pair{{Key: "name", Text: sheet.Quote(m.n.w.name)}}, From: m.from}
		if apart && m.n.route != m.n.w.name {
			row.Values = append(row.Values, pair{Key: "route", Text: sheet.Quote(m.n.route)})
		}
		if m.activation != nil {
			row.Values = append(row.Values, *m.activation)
			row.From += ", " + m.activation.From
		}
		e.Nodes = append(e.Nodes, row)
	}
	return e
}

// realms gives pools that have other nodes sessions of their own.
func (c *converter) realms() map[*pool]string {
	first := map[string]string{} // what the pool's nodes are -> its realm
	realms := map[*pool]string{}
	for i, p := range c.pools {
		var nodes []string
		for _, m := range p.members {
			nodes = append(nodes, m.n.w.name)
		}
		slices.Sort(nodes)
		key := strings.Join(nodes, " ")
		realm, known := first[key]
		if !known {
			if i > 0 {
				realm = p.w.name
			}
			first[key] = realm
		}
		realms[p] = realm
	}
	return realms
}
