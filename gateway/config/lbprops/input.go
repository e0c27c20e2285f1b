package lbprops

import (
	"bytes"
	"net/netip"
	"slices"
	"strings"

	"twinhop/gateway/config"
	"twinhop/gateway/config/form"
	"twinhop/gateway/config/lbprops/key"
	"twinhop/gateway/config/properties"
	"twinhop/gateway/config/sheet"
	"twinhop/gateway/config/verdict"
)

// Source is a file that is read.
type Source struct {
	Name string
	Text []byte
}

// Input is what is converted: a .properties file or the XML, whichever the text is.
type Input struct {
	File     Source
	Java     []string                            // "name=value" as java -D has them
	Allow    []string                            // networks of nodes besides
	Networks func(hosts []string) []netip.Prefix // of the addresses that nodes come to; nil: none
	Class    func(word string) (config.Class, bool)
	Classes  []string // that Class knows
}

// Result is what came out.
type Result struct {
	YAML     []byte // nil when a finding is an error
	Secrets  bool   // YAML holds a password: nobody else should read it
	Findings verdict.Findings
}

// Convert says in YAML what the file says to the old balancer.
func Convert(in Input) Result {
	c := &converter{in: &in, says: map[string]*entry{}, xml: isXML(in.File.Text)}
	c.Files = []string{in.File.Name}
	if c.xml {
		c.readXML()
	} else {
		c.readProperties()
	}
	c.listen()
	c.beats()
	c.http()
	c.tls()
	c.algorithm()
	c.health()
	c.signalling()
	c.rest()
	c.leftOver()
	r := Result{Findings: c.Sorted()}
	if r.Findings.Count(verdict.Error) == 0 {
		r.YAML, r.Secrets = c.write(), c.secrets
	}
	return r
}

// isXML tells which of the two it is.
func isXML(text []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(bytes.TrimPrefix(text, []byte("\uFEFF")), " \t\r\n"), []byte("<"))
}

// converter is one conversion.
type converter struct {
	verdict.Ledger
	in      *Input
	xml     bool
	says    map[string]*entry // by the key's name
	order   []*entry
	out     []sheet.Value
	twoPort bool
	ways    [2][]string           // transports of the external and of the internal listeners
	sips    []*entry              // ports of SIP over TLS
	wss     *entry                // that of WebSockets over TLS
	https   *entry                // that of HTTPS
	secrets bool                  // a password is written
	domains map[netip.Addr]string // of nodes
}

// entry is what the file says of a key.
type entry struct {
	key   *key.Key
	name  string // as the file has it
	value string // without blanks around it
	at    verdict.Place
	col   int // of the value; 0: it begins elsewhere
}

// from is what stands behind a line that says the same.
func (e *entry) from() string { return e.at.String() + " " + e.name }

// readProperties reads the keys; the last one of a name counts.
func (c *converter) readProperties() {
	pairs := properties.Java(c.in.File.Name, c.in.File.Text, &c.Ledger)
	for i, p := range pairs {
		k := key.Find(p.Key)
		switch {
		case strings.HasPrefix(p.Key, "//"):
			c.Mark(p.At, verdict.Finding{Directive: p.Key, Verdict: verdict.Ignored, Note: "a comment, though the old balancer took it for a key"})
			continue
		case k == nil && i > 0 && p.Value == "" && c.wrapped(p):
			continue
		case k == nil:
			c.Mark(p.At, verdict.Finding{Directive: p.Key, Verdict: verdict.Ignored, Note: "the old balancer has no such key", Hint: c.Near(p.Key, key.Names())})
			continue
		}
		e := &entry{k, p.Key, p.Value, p.At, p.Col}
		if old := c.says[p.Key]; old != nil {
			c.say(old, verdict.Finding{Verdict: verdict.Ignored, Note: "line " + line(e) + " says it again: the last one counts"})
			c.order = slices.DeleteFunc(c.order, func(o *entry) bool { return o == old })
		}
		c.take(e, p.Key)
	}
}

// wrapped puts the end of a class's name to its beginning: manuals wrap the long names, and who copies them gets two lines.
func (c *converter) wrapped(p properties.Pair) bool {
	if len(c.order) == 0 {
		return false
	}
	e := c.order[len(c.order)-1]
	if e.key.Name != "algorithmClass" || c.in.Class == nil || p.At.Line != e.at.Line+1 {
		return false
	}
	if _, whole := c.in.Class(e.value + p.Key); !whole {
		return false
	}
	e.value += p.Key
	c.Mark(p.At, verdict.Finding{Directive: p.Key, Verdict: verdict.Used, Note: "the end of the line above"})
	return true
}

// take remembers what the file says. What has no value says nothing, but for the two keys that it switches off.
func (c *converter) take(e *entry, name string) {
	c.order = append(c.order, e)
	if e.key.Verdict != verdict.Ignored && strings.ContainsFunc(e.value, func(r rune) bool { return r < ' ' || r >= 0x7f }) {
		c.wrong(e, "a character that is not printable ASCII", "")
		return
	}
	if e.value != "" || name == "httpPort" || name == "blockedValues" || name == "blocked-values" {
		c.says[name] = e
		return
	}
	delete(c.says, name)
	c.say(e, verdict.Finding{Verdict: verdict.Ignored, Note: "no value: the default counts"})
}

// get returns what is said of the first of the keys that has a value; nil: of none.
func (c *converter) get(names ...string) *entry {
	for _, n := range names {
		if e := c.says[n]; e != nil {
			return e
		}
	}
	return nil
}

// say gives the verdict about an entry.
func (c *converter) say(e *entry, f verdict.Finding) {
	f.Directive = e.name
	c.Mark(e.at, f)
}

// wrong is say for a value that keeps the gateway from starting: it stands where the value stands.
func (c *converter) wrong(e *entry, note, hint string) {
	c.say(e, verdict.Finding{Verdict: verdict.Error, Note: note, Hint: hint})
	if row := c.Said(e.at); e.col > 0 && row.Note == note {
		row.Col = e.col
	}
}

// leftOver gives what nobody spoke of the verdict of the table.
func (c *converter) leftOver() {
	for _, e := range c.order {
		if c.Said(e.at) == nil {
			c.say(e, verdict.Finding{Verdict: e.key.Verdict, Note: e.key.Note})
		}
	}
}

// near says which word was probably meant.
func near(word string, words ...string) string { return form.Meant(word, words) }
