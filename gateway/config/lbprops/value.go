package lbprops

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"twinhop/gateway/config/form"
	"twinhop/gateway/config/sheet"
	"twinhop/gateway/config/verdict"
)

// line is where an entry stands.
func line(e *entry) string { return strconv.Itoa(e.at.Line) }

// set writes a value that comes from entries.
func (c *converter) set(key, text string, from ...*entry) {
	var all []string
	for _, e := range from {
		if e != nil {
			all = append(all, e.from())
		}
	}
	c.setAs(key, text, strings.Join(all, ", "))
}

const (
	byDefault = "the old balancer's default"
	asItWas   = "as the old balancer"
)

// setAs writes a value that comes from elsewhere.
func (c *converter) setAs(key, text, from string) {
	c.out = append(c.out, sheet.Value{Key: key, Text: text, From: from})
}

// number reads one between two bounds; ok is false when there is none that can be used.
func (c *converter) number(e *entry, least, most int) (n int, ok bool) {
	if e == nil {
		return 0, false
	}
	n, err := strconv.Atoi(e.value)
	switch {
	case err != nil:
		c.wrong(e, form.Quote(e.value)+" is no number", fmt.Sprintf("a number from %d to %d", least, most))
	case n < least || n > most:
		c.wrong(e, fmt.Sprintf("%d is not within %d and %d", n, least, most), "")
	default:
		return n, true
	}
	return 0, false
}

// port reads one; 0: it is not opened, or not said.
func (c *converter) port(e *entry) int {
	n, _ := c.number(e, 0, 65535)
	return n
}

// truth reads a boolean, false unless it is said.
func (c *converter) truth(e *entry) bool {
	if e == nil {
		return false
	}
	low := strings.ToLower(e.value)
	switch {
	case low == "true" || c.xml && (low == "yes" || low == "on"):
		return true
	case low == "false" || c.xml && (low == "no" || low == "off"):
		return false
	}
	c.wrong(e, form.Quote(e.value)+" is neither true nor false", "the old balancer takes it for false")
	return false
}

// span reads a time in units, within what the configuration allows: what is beyond becomes the nearest.
func (c *converter) span(e *entry, unit, least, most time.Duration) (time.Duration, bool) {
	n, ok := c.number(e, 0, 1<<31-1)
	if !ok {
		return 0, false
	}
	d := time.Duration(n) * unit
	if near := min(max(d, least), most); near != d {
		c.say(e, verdict.Finding{Verdict: verdict.Approximated, Note: fmt.Sprintf("%s: it becomes %s", e.key.Note, form.Short(near))})
		return near, true
	}
	return d, true
}

// list takes a list apart, empty elements left out.
func list(e *entry) (all []string) {
	if e == nil {
		return nil
	}
	for s := range strings.SplitSeq(e.value, ",") {
		if s = strings.TrimSpace(s); s != "" {
			all = append(all, s)
		}
	}
	return all
}
