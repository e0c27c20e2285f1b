package lbprops

import (
	"fmt"
	"strings"
	"time"

	"twinhop/gateway/config"
	"twinhop/gateway/config/form"
	"twinhop/gateway/config/sheet"
	"twinhop/gateway/config/verdict"
)

// usualClass is what counts when none is said.
const usualClass = "CallIDAffinityBalancerAlgorithm"

// algorithm reads how new work is placed, and what ties messages together.
func (c *converter) algorithm() {
	e, name := c.get("algorithmClass"), usualClass
	if e != nil {
		name = e.value[strings.LastIndexByte(e.value, '.')+1:]
	}
	class, known := config.Class{Name: "round-robin"}, true
	if c.in.Class != nil {
		class, known = c.in.Class(name)
	}
	switch {
	case !known:
		c.wrong(e, "there is no algorithm "+form.Quote(e.value), near(name, c.in.Classes...))
	case class.Refused != "":
		c.wrong(e, form.Quote(name)+" is not served: "+class.Refused, "take another one, or leave the line out")
	case e == nil:
		c.setAs("pools.default.balance", class.Name, byDefault)
		c.setAs("sip.balance", class.Name, byDefault)
	default:
		c.set("pools.default.balance", class.Name, e)
		c.set("sip.balance", class.Name, e)
	}
	group := c.get("callIdAffinityGroupFailover")
	switch {
	case c.truth(group):
		c.set("pools.default.placement.failover", "group", group)
	case class.Group:
		c.set("pools.default.placement.failover", "group", e)
	}
	c.rampUp()
	c.keys(name)
	c.life()
}

// rampUp reads how a node begins.
func (c *converter) rampUp() {
	cycle, step := c.get("trafficRampupCyclePeriod"), c.get("trafficPercentageIncrease")
	n, ok := c.number(step, 1, 100)
	period, also := c.span(cycle, time.Millisecond, time.Millisecond, 24*time.Hour)
	if !ok || !also {
		for _, e := range []*entry{cycle, step} {
			if e != nil && c.Said(e.at) == nil {
				c.say(e, verdict.Finding{Verdict: verdict.Ignored, Note: "it takes trafficRampupCyclePeriod and trafficPercentageIncrease together"})
			}
		}
		return
	}
	steps := 100 / n
	if steps < 2 {
		c.say(step, verdict.Finding{Verdict: verdict.Ignored, Note: "a node has its whole weight at once"})
		c.say(cycle, verdict.Finding{Verdict: verdict.Ignored, Note: "a node has its whole weight at once"})
		return
	}
	over := period * time.Duration(steps)
	if most := 24 * time.Hour; over > most {
		over = most
		c.say(cycle, verdict.Finding{Verdict: verdict.Approximated, Note: cycle.key.Note + ": it becomes " + form.Short(most)})
	}
	c.set("pools.default.placement.rampUp.over", form.Short(over), cycle, step)
	c.set("pools.default.placement.rampUp.steps", fmt.Sprint(steps), step)
}

// keys reads what makes messages belong together.
func (c *converter) keys(class string) {
	if e := c.get("httpAffinityKey"); e != nil {
		if !form.IsToken(e.value) {
			c.wrong(e, form.Quote(e.value)+" is no name of a parameter", "such as appsession")
		} else {
			c.set("affinity.http", "[{source: query, name: "+sheet.Quote(e.value)+`}, {source: cookie, name: "JSESSIONID"}]`, e)
		}
	}
	first, second, not := c.get("sipHeaderAffinityKey"), c.get("sipHeaderAffinityFallbackKey"), c.get("sipHeaderAffinityExclusionPattern")
	if !strings.Contains(class, "Hash") && !strings.Contains(class, "UserBased") {
		for _, e := range []*entry{first, second, not} {
			if e != nil {
				c.say(e, verdict.Finding{Verdict: verdict.Ignored, Note: class + " does not read it, it goes by the Call-ID"})
			}
		}
		return
	}
	user := strings.Contains(class, "UserBased")
	one, two := c.source(first, user), c.source(second, user)
	var sources []string
	if not != nil {
		if hint, err := form.Check("pattern", not.value); err != nil {
			c.wrong(not, err.Error(), "patterns of Java that RE2 does not have have to be written otherwise; "+hint)
		}
		sources = append(sources, "{source: "+sheet.Quote(one)+", exclude: {pattern: "+sheet.Quote(not.value)+"}}")
	} else {
		sources = append(sources, sheet.Quote(one))
	}
	if two != one && not != nil {
		sources = append(sources, sheet.Quote(two))
	} else if second != nil && not == nil {
		c.say(second, verdict.Finding{Verdict: verdict.Ignored, Note: "without sipHeaderAffinityExclusionPattern it is never asked"})
		two = ""
	}
	if one != callID && (two != callID || not == nil) {
		sources = append(sources, sheet.Quote(callID))
	}
	if len(sources) > 1 || one != callID || not != nil {
		c.set("affinity.sip", "["+strings.Join(sources, ", ")+"]", compact([]*entry{first, not, second})...)
	}
}

const callID = "call-id"

// source is a header as the old balancers name it. The algorithm that goes by users takes the whole URI of From.
func (c *converter) source(e *entry, user bool) string {
	if e == nil {
		return callID
	}
	switch strings.ToLower(e.value) {
	case "call-id", "i":
		return callID
	case "from.user":
		return "from.user"
	case "to.user", "to":
		return "to.user"
	case "from":
		if !user {
			return "from.user"
		}
		c.say(e, verdict.Finding{Verdict: verdict.Approximated, Note: e.key.Note + ": from.aor, which is the URI of From without its parameters"})
		return "from.aor"
	}
	if !form.IsToken(e.value) {
		c.wrong(e, form.Quote(e.value)+" is no name of a header", "from.user, to.user, From, To, Call-ID or the name of another header")
	}
	return "header:" + e.value
}

// usualMax is how long a session lives in all unless something else is written.
const usualMax = 12 * time.Hour

// life reads how long what is known stays known.
func (c *converter) life() {
	e := c.get("callIdAffinityMaxTimeInCache")
	if e == nil {
		return
	}
	if e.value == "0" { // as in the sample of the last versions
		c.say(e, verdict.Finding{Verdict: verdict.Approximated, Note: "the old balancer forgot a call within seconds; here affinity.ttl.idle is what it usually is"})
		return
	}
	d, ok := c.span(e, time.Second, time.Second, 720*time.Hour)
	if !ok {
		return
	}
	c.set("affinity.ttl.idle", form.Short(d), e)
	if d > usualMax {
		c.set("affinity.ttl.max", form.Short(d), e)
	}
}
