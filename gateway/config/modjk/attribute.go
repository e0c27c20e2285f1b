package modjk

import (
	"slices"
	"strings"

	"twinhop/gateway/config"
	"twinhop/gateway/config/httpd"
	"twinhop/gateway/config/modjk/directive"
	"twinhop/gateway/config/sheet"
)

// fits tells whether nodes can be sent this attribute.
func fits(name, value string) bool {
	_, err := config.CheckAttribute(name, value)
	return err == nil
}

const maxAttributes = 64 // of each kind

// options takes over the JkOptions that nodes are configured by, of the host that was chosen and where it says nothing of the main server.
func (c *converter) options(main, v *host) {
	for _, o := range []struct{ name, key, text string }{{directive.NoReuse, "maxIdle", "0"}, {directive.CertChain, "certChain", "true"}} {
		is, own := v.options[o.name]
		if !own {
			is = main.options[o.name]
		}
		if is.on {
			c.sent = append(c.sent, pair{Key: o.key, Text: o.text, From: is.at.String() + " JkOptions"})
		}
	}
}

// attributes reads the JkEnvVar lines of the host that was chosen, above which those of the main server stand. A variable
// of mod_ssl is one here; of any other what SetEnv says is sent, or the default.
func (c *converter) attributes(known []string, main, v *host) {
	lines := slices.Clone(main.attributes)
	if v != main {
		lines = append(lines, v.attributes...)
	}
	c.options(main, v)
	last := map[string]httpd.Directive{}
	var names []string
	for _, d := range lines {
		if before, again := last[d.Args[0]]; again {
			c.Mark(place(before.Place), Finding{Directive: "JkEnvVar", Verdict: Ignored, Note: place(d.Place).String() + " says it again: the last one counts"})
		} else {
			names = append(names, d.Args[0])
		}
		last[d.Args[0]] = d
	}
	texts, variables := sheet.Row{}, sheet.Row{}
	for _, name := range names {
		d := last[name]
		if len(d.Args) == 2 && d.Args[1] == "" {
			d.Args = d.Args[:1] // an empty default is none
		}
		f := Finding{Directive: "JkEnvVar", Verdict: Used}
		one, to := pair{Text: sheet.Quote(name)}, &variables
		switch isKnown := slices.Contains(known, name); {
		case isKnown && len(d.Args) == 1:
			f.Note = "ajp.variables"
		case isKnown && fits(name, d.Args[1]) && len(texts.Values) < maxAttributes:
			f.Note = "ajp.attributes has the default, ajp.variables comes behind it and counts when it has a value"
			texts.Values = append(texts.Values, pair{Key: sheet.Quote(name), Text: sheet.Quote(d.Args[1])})
			texts.From = place(d.Place).String() + " JkEnvVar"
		case isKnown:
			f.Verdict, f.Note = Approximated, "ajp.variables; nothing in the place of one that has no value"
		default:
			to = nil
			if f, one = c.text(d, set(name, main, v)); one.Text != "" {
				to = &texts
			}
		}
		if to != nil && len(to.Values) == maxAttributes {
			f.Verdict, f.Note, to = Error, "more than 64 of them", nil
		}
		if c.Mark(place(d.Place), f); to != nil {
			to.Values, to.From = append(to.Values, one), place(d.Place).String()+" JkEnvVar"
		}
	}
	if len(texts.Values) > 0 {
		c.sent = append(c.sent, pair{Key: "attributes", Text: "{" + joined(texts) + "}", From: texts.From})
	}
	if len(variables.Values) > 0 {
		c.sent = append(c.sent, pair{Key: "variables", Text: "[" + joined(variables) + "]", From: variables.From})
	}
}

// joined writes the values of a row behind one another.
func joined(row sheet.Row) string {
	var parts []string
	for _, v := range row.Values {
		parts = append(parts, strings.TrimPrefix(v.Key+": "+v.Text, ": "))
	}
	return strings.Join(parts, ", ")
}
