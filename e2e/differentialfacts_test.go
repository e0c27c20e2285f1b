package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// A fact is one thing that is the same before both fronts, or has a name in deviations.
type fact struct {
	number int    // of the request
	asked  string // its first line
	node   string // of the delivery
	name   string
	value  string
}

func (p *play) facts() []fact {
	var all []fact
	for i, s := range p.seen {
		for _, f := range s.facts(p.front) {
			f.value = strings.ReplaceAll(f.value, p.front.addr(), "(the front)")
			asked, _, _ := strings.Cut(s.asked, "\r\n")
			f.number, f.asked = i+1, asked
			all = append(all, f)
		}
	}
	return all
}

func (s *sight) facts(front front) []fact {
	var all []fact
	add := func(name string, value any) { all = append(all, fact{name: name, value: fmt.Sprint(value)}) }
	add("status", s.status())
	switch {
	case errors.Is(s.err, os.ErrDeadlineExceeded):
		add("answer", "none in time")
	case s.err != nil:
		add("answer", "none")
	}
	if len(s.interim) > 0 {
		add("interim", s.interim)
	}
	add("node", s.node())
	if s.resp != nil {
		own := s.node() == "" && !s.real
		for name, values := range s.resp.Header {
			if own && name != "Www-Authenticate" && name != "Set-Cookie" {
				continue // a page of the front's own
			}
			if name == "Date" {
				values = []string{"a date"}
			}
			add("answer "+name, strings.Join(values, " + "))
		}
		if !own {
			add("phrase", s.resp.Status)
			add("framing", fmt.Sprint(s.resp.ContentLength, s.resp.TransferEncoding, s.resp.Close))
			add("body", s.body)
			if s.cut != nil {
				add("cut", "yes")
			}
		}
	}
	if s.open {
		add("left open", "yes")
	}
	if !s.real && s.delivered != nil || s.resp == nil || s.node() == "" {
		add("deliveries", len(s.delivered))
	}
	for i, d := range s.delivered {
		at, first := fmt.Sprintf("to %d ", i+1), len(all)
		add(at+"node", d.node)
		add(at+"line", d.method+" "+d.uri+" "+d.proto)
		add(at+"client", d.remote+" "+d.host)
		add(at+"server", strings.Replace(fmt.Sprint(d.server, " ", d.port, " ", d.tls), fmt.Sprint(front.port), "(own port)", 1))
		if s.left { // how much came until then is luck
			d.body, d.packets = d.body[:min(len(d.body), 4000)], nil
		}
		add(at+"body", d.body)
		if len(d.packets) > 0 {
			add(at+"packets", d.packets)
		}
		if d.fault != "" {
			add(at+"fault", d.fault)
		}
		var names []string
		for _, f := range d.fields {
			add(at+"field "+f[0], f[1])
		}
		for _, a := range d.attrs {
			names = append(names, a[0])
			value := a[1]
			if a[0] == "AJP_REMOTE_PORT" && value == s.from {
				value = "(the client's)"
			}
			add(at+"attribute "+a[0], value)
		}
		add(at+"attributes", names)
		for i := first; i < len(all); i++ {
			all[i].node = d.node
		}
	}
	return all
}

// A gap is a fact that is not the same.
type gap struct {
	fact
	ours string // value is mod_jk's; "-" is none
}

// gaps compares two lists of facts.
func gaps(theirs, ours []fact) []gap {
	type key struct {
		number int
		name   string
	}
	var all []gap
	at := map[key]int{}
	join := func(old, more string) string {
		if old == "-" {
			return more
		}
		return old + " + " + more // a field that came twice
	}
	for side, list := range [][]fact{theirs, ours} {
		for _, f := range list {
			k := key{f.number, f.name}
			i, known := at[k]
			if !known {
				i, at[k] = len(all), len(all)
				all = append(all, gap{f, "-"})
				all[i].value = "-"
			}
			all[i].node = f.node // that of the gateway, if it has the fact
			if side == 0 {
				all[i].value = join(all[i].value, f.value)
			} else {
				all[i].ours = join(all[i].ours, f.value)
			}
		}
	}
	all = slices.DeleteFunc(all, func(g gap) bool { return g.value == g.ours })
	slices.SortStableFunc(all, func(a, b gap) int { return a.number - b.number })
	return all
}

// judge says what is not the same and has no name.
func judge(t *testing.T, c trialOf, told [2][]fact) {
	names := slices.DeleteFunc(strings.Split(c.differs, ", "), func(n string) bool { return n == "" })
	used := map[string]bool{}
	var out bytes.Buffer
	for _, g := range gaps(told[0], told[1]) {
		if name := deviates(names, g); name != "" {
			used[name] = true
			continue
		}
		fmt.Fprintf(&out, "  %d %-32s mod_jk %s | twinhop %s\n", g.number, g.name, quoted(g.value), quoted(g.ours))
	}
	if out.Len() > 0 {
		t.Errorf("not the same; members %s | %s\n%s", sequence(told[0]), sequence(told[1]), out.String())
	}
	for _, name := range names {
		if !used[name] {
			t.Errorf("the difference %q does not show any more", name)
		}
	}
}

// sequence is the members that answered.
func sequence(list []fact) string {
	var nodes []string
	for _, f := range list {
		if f.name == "node" {
			nodes = append(nodes, strings.TrimPrefix(f.value+"-", "n")[:1])
		}
	}
	return strings.Join(nodes, " ")
}

func quoted(s string) string {
	if len(s) > 100 {
		s = fmt.Sprintf("%s...(%d)", s[:100], len(s))
	}
	return fmt.Sprintf("%q", s)
}

func large(n int) string { return strings.Repeat("0123456789", n/10+1)[:n] }

// posting makes a POST of a GET.
func posting(get, body string) string {
	return strings.Replace(strings.Replace(get, "GET", "POST", 1), "\r\n\r\n", fmt.Sprintf("\r\nContent-Length: %d\r\n\r\n%s", len(body), body), 1)
}
