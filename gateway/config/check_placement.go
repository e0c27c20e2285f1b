package config

import (
	"fmt"
	"slices"
	"strings"

	"twinhop/gateway/config/decode"
	"twinhop/gateway/config/form"
)

// resolveBalance looks the algorithms up, and puts our names in the place of
// those of older products.
func (r *checker) resolveBalance(c *Config) {
	group := r.algorithm("sip.balance", &c.SIP.Balance)
	for i := range c.Pools {
		p := &c.Pools[i]
		path := decode.Join("pools", p.Name)
		own := r.algorithm(path+".balance", &p.Balance)
		p.Own = r.Given(path + ".balance")
		if (own || group && c.ServesSIP(p.Name) && c.CallBalance(p) == c.SIP.Balance) && !r.Given(path+".placement.failover") {
			p.Placement.Failover = "group"
		}
	}
}

// algorithm looks one up. group tells that its old name stood for group
// failover as well.
func (r *checker) algorithm(path string, word *string) (group bool) {
	if r.Failed(path) || slices.Contains(r.words.Balance, *word) {
		return false
	}
	if r.words.OldClass != nil {
		old, ok := r.words.OldClass(*word)
		switch {
		case ok && old.Refused != "":
			r.Bad(path, "one of: "+strings.Join(r.words.Balance, ", "), "%s is not served: %s", form.Quote(*word), old.Refused)
			return false
		case ok:
			*word = old.Name
			return old.Group
		}
	}
	simple := (*word)[strings.LastIndexByte(*word, '.')+1:]
	if hint := form.DidYouMean(simple, r.words.OldClasses); hint != "" {
		r.Bad(path, hint, "%s is not a known word", form.Quote(*word))
		return false
	}
	r.Word(path, *word, r.words.Balance)
	return false
}

// checkPlacement complains of what does not fit to the pool or its algorithms.
func (r *checker) checkPlacement(c *Config, p *Pool) {
	path := decode.Join("pools", p.Name) + ".placement"
	used := []string{p.Balance}
	if sip := c.ServesSIP(p.Name) && c.Listen.SIP.On(); sip {
		used = append(used, c.CallBalance(p))
		r.checkHomes(c, p)
	}
	r.checkWhole(c, p, used)
	used = slices.Compact(used)
	r.checkPins(c, p, path)
	for key, takers := range r.words.Takes {
		if r.Given(path+"."+key) && !r.FailedUnder(path+"."+key) && !slices.ContainsFunc(used, func(a string) bool { return slices.Contains(takers, a) }) {
			hint := "leave it out"
			if len(takers) > 0 {
				hint += ", or balance by one of: " + strings.Join(takers, ", ")
			}
			r.Warn(path+"."+key, hint, "has no effect with balance: %s", strings.Join(used, " and "))
		}
	}
	if r.words.Configure == nil || r.FailedUnder(path) {
		return
	}
	for _, a := range used {
		if !slices.Contains(r.words.Balance, a) {
			continue // that was told
		}
		if err := r.words.Configure(a, p.Placement); err != nil {
			r.Bad(path+".own", "", "balance %s: %v", form.Quote(a), err)
		}
	}
}

// checkWhole: what says where a key belongs, says it for both protocols: who
// serves one of them only is left out.
func (r *checker) checkWhole(c *Config, p *Pool, used []string) {
	i := slices.IndexFunc(used, func(a string) bool { return slices.Contains(r.words.Homes, a) })
	both := map[bool][]string{}
	for _, m := range c.Members(*p) {
		both[m.HTTP && m.SIP] = append(both[m.HTTP && m.SIP], m.Node)
	}
	if some := both[false]; i >= 0 && len(some) > 0 && len(both[true]) > 0 && !r.FailedUnder("nodes") {
		path := [...]string{decode.Join("pools", p.Name) + ".balance", "sip.balance"}[i]
		r.Warn(path, "give them http: and sip:, or a pool of their own", "%s chooses among nodes that serve both HTTP and SIP, which leaves out %s", used[i], strings.Join(some, ", "))
	}
}

// checkHomes: what says where a key belongs, says it for one protocol only.
func (r *checker) checkHomes(c *Config, p *Pool) {
	for _, word := range r.words.Homes {
		if (p.Balance == word) != (c.CallBalance(p) == word) && len(c.Listen.HTTP) > 0 && !r.Failed("sip.balance") && !r.Failed(decode.Join("pools", p.Name)+".balance") {
			where, other := "sip.balance", "pools."+p.Name+".balance"
			if c.CallBalance(p) == word {
				where, other = other, where
			}
			r.Warn(where, "write "+word+" in both places", "%s is %s: it places HTTP and SIP alike only when both say so", other, word)
		}
	}
}

func (r *checker) checkPins(c *Config, p *Pool, path string) {
	names := members(c, *p)
	for i, pin := range p.Placement.Pins {
		at := fmt.Sprintf("%s.pins[%d].node", path, i)
		if pin.Node != "" && !slices.Contains(names, pin.Node) && !r.Failed(at) {
			r.Bad(at, form.Meant(pin.Node, names), "pool %s has no node %s", form.Quote(p.Name), form.Quote(pin.Node))
		}
	}
	identities := slices.ContainsFunc(c.Affinity.SIP, func(s SIPSource) bool { return s.Source != "call-id" })
	if len(p.Placement.Pins) > 0 && c.ServesSIP(p.Name) && c.Listen.SIP.On() && !identities {
		r.Warn(path+".pins", "such as affinity: {sip: [from.user, call-id]}", "calls have nothing that could match: affinity.sip knows them by their Call-ID only")
	}
}
