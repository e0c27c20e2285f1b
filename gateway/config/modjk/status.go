package modjk

import (
	"slices"
	"strings"

	"twinhop/gateway/config/form"
	"twinhop/gateway/config/properties"
	"twinhop/gateway/config/sheet"
)

// statusWorkers makes entries of the status workers, also of those that nothing is mapped to: the map may change.
func (c *converter) statusWorkers() (all []sheet.Entry) {
	for _, name := range c.listed {
		if w := c.workers[name]; w.kind == "status" {
			all = append(all, c.statusWorker(w))
		}
	}
	return all
}

// statusWorker says the same of one in the words of the configuration.
func (c *converter) statusWorker(w *worker) sheet.Entry {
	e := sheet.Entry{Name: w.name, From: w.at.String()}
	add := func(key, text, from string) { e.Values = append(e.Values, pair{Key: key, Text: text, From: from}) }
	readOnly, from := "false", fromDefault+"; changes need a login, or an address in allow"
	if w.says["read_only"] != nil {
		from = c.of(w, "read_only")
		if c.boolean(w, "read_only", false) {
			readOnly = "true"
		}
	}
	add("readOnly", readOnly, from)
	if text, ok := c.get(w, "user"); ok {
		users := properties.List(text)
		if hint, err := c.allText(users); err != nil || len(users) > 256 {
			c.wrong(w.says["user"], Finding{Note: "these are no names of users", Hint: hint})
		}
		add("users", sheet.List(users), c.of(w, "user"))
	}
	if c.boolean(w, "user_case_insensitive", false) {
		add("userCaseInsensitive", "true", c.of(w, "user_case_insensitive"))
	}
	for _, word := range []string{"good", "bad"} {
		if text, ok := c.get(w, word); ok {
			add(word, sheet.List(c.ratings(w.says[word], text)), c.of(w, word))
		}
	}
	for _, word := range []string{"css", "prefix", "ns", "xmlns", "doctype"} {
		text, ok := c.get(w, word)
		if !ok {
			continue
		}
		if text == "-" && (word == "ns" || word == "xmlns") {
			text = "" // none
		}
		if hint, err := c.allText([]string{text}); err != nil {
			c.wrong(w.says[word], Finding{Note: err.Error(), Hint: hint})
		}
		add(word, sheet.Quote(text), c.of(w, word))
	}
	return e
}

func (c *converter) allText(all []string) (hint string, err error) {
	for _, s := range all {
		if hint, err = form.Check("text", s); err != nil {
			break
		}
	}
	return hint, err
}

// ratings reads a list as mod_jk does: of each part the first character counts.
func (c *converter) ratings(e *properties.Entry, text string) []string {
	list := []string{}
	for _, one := range properties.List(text) {
		first, second, both := strings.Cut(strings.ToLower(strings.TrimLeft(one, ".")), ".")
		rating := first[:min(len(first), 1)]
		if both && second != "" {
			rating += "." + second[:1]
		}
		if both && second != "" && strings.Contains("ads", second[:1]) { // the state before the activation
			rating = rating[2:] + "." + rating[:1]
		}
		if _, err := form.Check("rating", rating); err != nil {
			c.say(e, Finding{Verdict: Approximated, Note: form.Quote(one) + " is no rating: it rates nothing, with mod_jk neither", Hint: "such as a.o, d, e"})
			continue
		}
		if !slices.Contains(list, rating) { // there are fewer than the configuration takes
			list = append(list, rating)
		}
	}
	return list
}
