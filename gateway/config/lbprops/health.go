package lbprops

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"twinhop/gateway/config/form"
	"twinhop/gateway/config/verdict"
)

// health reads what of its traffic takes a node out.
func (c *converter) health() {
	c.errors()
	requests, after := c.get("maxRequestNumberWithoutResponse"), c.get("maxResponseTime")
	n, ok := c.number(requests, 1, 1_000_000)
	d, also := c.span(after, time.Millisecond, time.Millisecond, 24*time.Hour)
	if ok && also {
		c.set("health.sip.silent.requests", strconv.Itoa(n), requests)
		c.set("health.sip.silent.after", form.Short(d), after)
		return
	}
	for _, e := range []*entry{requests, after} {
		if e != nil && c.Said(e.at) == nil {
			c.say(e, verdict.Finding{Verdict: verdict.Ignored, Note: "it takes maxRequestNumberWithoutResponse and maxResponseTime together"})
		}
	}
}

// errors reads which responses count as faults of a node, and how many.
func (c *converter) errors() {
	now, before, all := c.get("responsesStatusCodeNodeRemoval"), c.get("responseStatusCodeNodeRemoval"), c.get("removeNodesOn500Response")
	most, within := c.get("maxNumberResponsesWithError"), c.get("maxErrorTime")
	if now != nil && before != nil {
		c.say(before, verdict.Finding{Verdict: verdict.Ignored, Note: "responsesStatusCodeNodeRemoval says it"})
		before = nil
	}
	on500 := c.truth(all)
	if all != nil && !on500 && c.Said(all.at) == nil {
		c.say(all, verdict.Finding{Verdict: verdict.Ignored, Note: "off"})
	}
	if now == nil && before == nil && most == nil && within == nil && !on500 {
		return
	}
	codes := append(c.codes(now), c.codes(before)...)
	if on500 && !slices.Contains(codes, 500) {
		codes = append(codes, 500)
	} else if now == nil && before == nil && !on500 {
		codes = []int{503}
	}
	limit := 6
	if n, ok := c.number(most, 0, 999_999); ok {
		limit = n + 1
	} else if on500 {
		limit = 1
	}
	d, ok := c.span(within, time.Millisecond, time.Millisecond, 24*time.Hour)
	if !ok {
		d = 5 * time.Minute
	}
	text := strings.Join(strings.Fields(fmt.Sprint(codes)), ", ")
	from := compact([]*entry{now, before})
	if on500 {
		from = append(from, all)
	}
	for _, v := range []struct {
		key, text string
		from      []*entry
	}{{"codes", text, from}, {"limit", strconv.Itoa(limit), compact([]*entry{most})}, {"within", form.Short(d), compact([]*entry{within})}} {
		if len(v.from) == 0 {
			c.setAs("health.sip.errors."+v.key, v.text, byDefault)
		} else {
			c.set("health.sip.errors."+v.key, v.text, v.from...)
		}
	}
}

// codes reads a list of statuses.
func (c *converter) codes(e *entry) (all []int) {
	for _, s := range list(e) {
		n, err := strconv.Atoi(s)
		switch {
		case err != nil || n < 400 || n > 699:
			c.wrong(e, form.Quote(s)+" is no status of a fault", "such as 503,500; from 400 to 699")
		case !slices.Contains(all, n):
			all = append(all, n)
		}
	}
	if len(all) > 64 {
		c.wrong(e, "more than 64 statuses", "")
	}
	return all
}
