package assembly

import (
	"context"
	"slices"

	"twinhop/admin/configuration"
	"twinhop/admin/problem"
	"twinhop/admin/versions"
	"twinhop/gateway/config"
)

// Files is where the configuration of a process comes from.
type Files struct {
	// Look reads it again, with all that is wrong with it.
	Look func() (config.Config, []problem.Fault, error)
	// Places tells where keys stand of the one that was read last, as
	// file:line; nil: nobody knows.
	Places func() map[string]string
	// Path is the one file in YAML that it comes from; "": it comes from others,
	// and nobody but people writes them.
	Path string
	// Writable tells why that file cannot be written.
	Writable func() error
	// Put writes a text into the file and puts it into force.
	Put versions.Put
}

// Faults are the problems of a configuration in the words of the API.
func Faults(problems config.Problems) (all []problem.Fault) {
	for _, p := range problems {
		all = append(all, problem.Fault{Place: p.Position(), Pointer: p.Path, Severity: string(p.Severity), Message: p.Message, Hint: p.Hint})
	}
	return all
}

// configurationPanel lets the admin see the configuration, and ask about another one.
func (g *Gateway) configurationPanel(f *Files) *configuration.Panel {
	p := &configuration.Panel{Versions: g.Admin.Panel.Versions, State: func() configuration.State {
		s := configuration.State{Fixed: restarts}
		if f != nil {
			s.Places = f.Places()
		}
		g.changing.Lock()
		defer g.changing.Unlock()
		s.Now = g.present.Load()
		s.Said = config.Changes(g.basis.Load(), s.Now)
		_, s.Restart = g.changes(s.Now)
		return s
	}}
	p.Check = func(ctx context.Context, text *string) (*configuration.Verdict, error) {
		if text != nil { // what its author may not read the files that it names may not tell either
			c, problems := config.Parse("text", []byte(*text), Words())
			return g.judge(ctx, c, Faults(problems), false)
		}
		if f == nil {
			return &configuration.Verdict{}, nil
		}
		c, faults, err := f.Look()
		if err != nil {
			return nil, err
		}
		return g.judge(ctx, c, faults, true)
	}
	return p
}

// changes are the keys in which a configuration differs from the one in force,
// and from the one at the start.
func (g *Gateway) changes(c *config.Config) (now, restart []string) {
	now = slices.DeleteFunc(config.Changes(g.present.Load(), c), restarts)
	return now, slices.DeleteFunc(config.Changes(&g.config, c), func(key string) bool { return !restarts(key) })
}

// judge tells what would become of a configuration. With try hosts are
// resolved and files read as they would be for it.
func (g *Gateway) judge(ctx context.Context, c config.Config, faults []problem.Fault, try bool) (*configuration.Verdict, error) {
	v := &configuration.Verdict{Faults: faults}
	if slices.ContainsFunc(faults, func(f problem.Fault) bool { return f.Severity == "error" }) {
		return v, nil
	}
	g.changing.Lock()
	defer g.changing.Unlock()
	next := g.inForce(&c, g.said)
	v.Changed, v.Restart = g.changes(&next)
	if !try {
		return v, nil
	}
	if _, err := g.plan(ctx, &next); err != nil {
		v.Faults = append(v.Faults, problem.Fault{Severity: "error", Message: err.Error()})
	}
	return v, nil
}
