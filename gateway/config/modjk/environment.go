package modjk

import (
	"slices"
	"strings"

	"twinhop/gateway/config"
	"twinhop/gateway/config/httpd"
	"twinhop/gateway/config/sheet"
)

// indicates tells whether mod_jk looks at a variable of a request's environment, whatever JkEnvVar says.
func indicates(name string) bool { return name == "no-jk" || strings.HasPrefix(name, "JK_") }

// handler is what SetHandler names to have requests forwarded without a rule.
const handler = "jakarta-servlet"

// wanted are the directives that mod_jk or its rules depend on.
func wanted(name string, args []string) bool {
	switch name = strings.ToLower(name); name {
	case "setenv":
		return len(args) > 0
	case "sethandler", "addhandler":
		return slices.ContainsFunc(args, func(a string) bool { return strings.EqualFold(a, handler) })
	case "setenvif", "setenvifnocase", "browsermatch", "browsermatchnocase", "rewriterule":
		return slices.ContainsFunc(args, func(a string) bool { return strings.Contains(a, "no-jk") || strings.Contains(a, "JK_") })
	}
	return len(name) > 2 && name[:2] == "jk"
}

// environment takes a directive that sets a variable. Of one that nobody looks at nothing is said.
func (h *front) environment(f Finding, d httpd.Directive, on *host) {
	switch {
	case f.Directive != "SetEnv" || indicates(d.Args[0]):
		h.Mark(place(d.Place), f)
	case d.Location == "" && d.Within == "":
		if on.env == nil {
			on.env = map[string]httpd.Directive{}
		}
		on.env[d.Args[0]] = d
	}
}

// set is what SetEnv says for all requests of a host; nil: nothing.
func set(name string, main, v *host) *httpd.Directive {
	for _, on := range []*host{v, main} {
		if d, ok := on.env[name]; ok && len(d.Args) == 2 {
			return &d
		}
	}
	return nil
}

// text is a variable of JkEnvVar that mod_ssl does not set: what SetEnv says, else the default. Without Text there is none.
func (c *converter) text(d httpd.Directive, env *httpd.Directive) (Finding, pair) {
	f, value := Finding{Directive: "JkEnvVar", Verdict: Used, Note: "ajp.attributes, as SetEnv says"}, ""
	switch {
	case env != nil:
		value = env.Args[1]
	case len(d.Args) == 2:
		value = d.Args[1]
		f.Verdict, f.Note = Approximated, "ajp.attributes: always the default, for no SetEnv of the host sets it"
	default:
		f.Verdict, f.Note, f.Hint = Unsupported, "no SetEnv of the host sets it, and what else does is not read", "give a text under nodes[].ajp.attributes"
		return f, pair{}
	}
	said, one := Finding{Directive: "SetEnv", Verdict: Used, Note: "ajp.attributes, for JkEnvVar sends it"}, pair{Key: sheet.Quote(d.Args[0]), Text: sheet.Quote(value)}
	if hint, err := config.CheckAttribute(d.Args[0], value); err != nil {
		f.Verdict, f.Note, f.Hint, one = Unsupported, err.Error(), hint, pair{}
		said.Verdict, said.Note = Ignored, "cannot be sent"
	}
	if env != nil {
		c.Mark(place(env.Place), said)
	}
	return f, one
}
