package modjk

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"twinhop/gateway/config/properties"
)

const (
	fromDefault = "mod_jk's default"
	maxTries    = 100 // as retries
	maxPause    = time.Minute
	maxStatuses = 64 // of one list
)

// requests reads what becomes of the requests that a worker gets.
func (c *converter) requests(n *node) {
	w := n.w
	add := func(key, text, from string) { n.tries = append(n.tries, pair{Key: key, Text: text, From: from}) }
	if v, ok := c.integer(w, "busy_limit", -largest, 1_000_000); ok && v > 0 {
		add("busyLimit", strconv.Itoa(v), c.of(w, "busy_limit"))
	}
	v, from := c.tries(w, "retries", maxTries)
	add("retries.attempts", strconv.Itoa(v), from)
	if v, ok := c.duration(w, "retry_interval", time.Millisecond, maxPause); ok {
		add("retries.interval", short(v), c.of(w, "retry_interval"))
	}
	if text, ok := c.get(w, "fail_on_status"); ok {
		list, odd := statuses(text)
		e := w.says["fail_on_status"]
		switch {
		case len(list) > maxStatuses:
			c.wrong(e, Finding{Note: fmt.Sprintf("more than %d statuses", maxStatuses)})
		case len(odd) > 0:
			c.say(e, Finding{Verdict: Approximated, Note: strings.Join(odd, ", ") + ": no answer has such a status, or it is there already; left out"})
		}
		if len(list) > 0 {
			add("failOnStatus", numbers(list), c.of(w, "fail_on_status"))
		}
	}
	c.repeats(n, add)
}

// tries reads how often something is tried: 2 unless the file says otherwise, and at least once.
func (c *converter) tries(w *worker, word string, most int) (n int, from string) {
	v, ok := c.integer(w, word, -largest, most)
	if !ok {
		return 2, fromDefault
	}
	if v < 1 {
		c.say(w.says[word], Finding{Verdict: Approximated, Note: "1, as mod_jk takes it", Hint: "write 1"})
	}
	return max(v, 1), c.of(w, word)
}

// repeats reads which methods may go to another node after they were sent to this one. Without the first bit mod_jk
// repeats whatever it is, which nobody should.
func (c *converter) repeats(n *node, add func(key, text, from string)) {
	v, ok := c.integer(n.w, "recovery_options", -largest, largest)
	from := c.of(n.w, "recovery_options")
	switch {
	case !ok:
	case v&1 == 0:
		c.say(n.w.says["recovery_options"], Finding{Verdict: Approximated, Note: "what is not idempotent is never given to two nodes"})
	case v&8 != 0: // then the bit for GET is not looked at
		add("repeat", "[HEAD]", from)
	case v&16 != 0:
		add("repeat", "[GET]", from)
	default:
		add("repeat", "[]", from)
	}
}

// statuses reads the list of fail_on_status. The first mention of a status counts.
func statuses(text string) (list []int, odd []string) {
	for _, one := range properties.List(text) {
		n, _ := properties.Number(one)
		if max(n, -n) < 100 || max(n, -n) > 599 || slices.Contains(list, n) || slices.Contains(list, -n) {
			odd = append(odd, one)
			continue
		}
		list = append(list, n)
	}
	return list, odd[:min(len(odd), 8)]
}

func numbers(list []int) string {
	return strings.ReplaceAll(fmt.Sprint(list), " ", ", ")
}
