package config

import (
	"twinhop/gateway/config/decode"
	"twinhop/gateway/config/form"
)

// Problems are what is wrong with a file, sorted by place.
type Problems = decode.Problems

// Size is a number of bytes.
type Size = form.Size

// checker finds what does not fit together in a file that was read.
type checker struct {
	decode.Reader
	words Words
}

// Parse reads a configuration. It always returns everything that is wrong;
// the Config is of use only when no Problem is an Error. file is the name
// that problems carry.
func Parse(file string, text []byte, words Words) (Config, Problems) {
	return ParseOver(file, text, words, 0)
}

// ParseOver is Parse for a text of two files: from a line on the second one stands behind the first. Where both have a
// mapping the second one's keys count. 0: there is no second one.
func ParseOver(file string, text []byte, words Words, line int) (Config, Problems) {
	c := Default()
	r := &checker{words: words, Reader: decode.Reader{Over: line, File: file, Later: notYet, Words: map[string][]string{
		"httpSource": words.HTTPSources, "sipSource": words.SIPSources,
		"ajpVariable": words.AJPVariables}}}
	if r.Read(text, &c) { // of a file that is no mapping at all nothing more is said
		fill(&c)
		r.resolveBalance(&c)
		r.check(&c)
	}
	return c, r.Problems()
}

// Places tells where the values begin of the keys that a text without errors has:
// "nodes[1].route".
func Places(text []byte) map[string]decode.Place {
	c, r := Default(), decode.Reader{}
	r.Read(text, &c)
	return r.Places()
}

// fill sets what depends on another key of the file.
func fill(c *Config) {
	for i := range c.Nodes {
		n := &c.Nodes[i]
		if n.Route == "" {
			n.Route = n.Name
		}
		if !n.SpeaksAJP() {
			n.AJP = AJP{} // there is nothing to agree on
		}
	}
	for i := range c.Pools {
		if r := c.Pools[i].Recovery; r != nil && r.Escalation == halfOfTime {
			r.Escalation = r.Time / 2
		}
	}
	for i := range c.Mounts {
		if m := &c.Mounts[i]; m.Pool == "" && m.Status == "" {
			m.Pool = "default"
		}
	}
}
