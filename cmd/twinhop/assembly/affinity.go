package assembly

import (
	"context"
	"errors"
	"path/filepath"
	"slices"

	words "twinhop/admin/affinity"
	"twinhop/admin/problem"
	"twinhop/cmd/twinhop/affinity"
	"twinhop/cmd/twinhop/preview"
	"twinhop/gateway/config"
)

// affinityFile keeps what an operator said of affinity.
func (g *Gateway) affinityFile() string { return filepath.Join(g.places.state, "affinity.json") }

// loadAffinity takes up what an operator said before the process started. What
// cannot be believed any more is told, and the configuration counts.
func (g *Gateway) loadAffinity() {
	given := g.config
	g.basis.Store(&given)
	var err error
	if g.said, err = affinity.Load(g.affinityFile(), &given, WordsIn(g.places.dir)); err != nil {
		g.log.Error("the affinity that an operator set is not in force: that of the configuration is", "file", g.affinityFile(), "err", err)
		return
	}
	if g.said.Says() {
		g.log.Warn("affinity is as an operator set it, not as the configuration says", "file", g.affinityFile())
	}
	g.config = g.said.Over(given)
}

// affinityPanel lets the admin see and change affinity.
func (g *Gateway) affinityPanel() *words.Panel {
	return &words.Panel{Set: g.setAffinity, Preview: g.tryAffinity, State: func() words.State {
		g.changing.Lock()
		defer g.changing.Unlock()
		return g.said.State(g.basis.Load())
	}, Sources: func() *words.Sources { return preview.Sources(g.specimens.Last(words.MaxLast)) }}
}

// tryAffinity tells what another affinity would have done with recent traffic.
func (g *Gateway) tryAffinity(ctx context.Context, d *words.Draft) (*words.Preview, error) {
	now := g.present.Load()
	word, warnings, err := affinity.Read(&words.Order{Text: d.Text}, now, WordsIn(g.places.dir))
	if err != nil {
		return nil, err
	}
	next := word.Over(*now)
	p, err := preview.Try(ctx, &preview.Traffic{List: g.specimens.Last(d.Last), View: g.Registry.View()}, now, &next)
	if err != nil {
		return nil, err
	}
	for _, w := range warnings {
		p.Warnings = append(p.Warnings, words.Warning{Code: "config", Text: w.Message, Pointer: w.Pointer, Hint: w.Hint})
	}
	p.Changed = noNil(config.Changes(now, &next))
	p.Restart = noNil(slices.DeleteFunc(slices.Clone(p.Changed), func(key string) bool { return !restarts(key) }))
	return p, nil
}

// setAffinity puts an operator's word of affinity into force, and keeps it. On
// an error everything is as it was.
func (g *Gateway) setAffinity(ctx context.Context, o *words.Order) (*words.Effect, error) {
	g.changing.Lock()
	defer g.changing.Unlock()
	before, given, now := g.said, g.basis.Load(), g.present.Load()
	if state := before.State(given); !o.Match(state.ETag()) {
		return nil, words.ErrChanged
	}
	word, warnings, err := affinity.Read(o, now, WordsIn(g.places.dir))
	if err != nil {
		return nil, err
	}
	word = word.Settle(given)
	next := g.inForce(given, word)
	e := &words.Effect{Warnings: append([]problem.Fault{}, warnings...)}
	e.Changed = noNil(config.Changes(now, &next))
	e.Restart = noNil(slices.DeleteFunc(slices.Clone(e.Changed), func(key string) bool { return !restarts(key) }))
	if _, err := g.plan(ctx, &next); err != nil || o.Dry {
		return e, err
	}
	if err := word.Keep(g.affinityFile()); err != nil {
		g.log.Error("affinity could not be kept", "err", err)
		return nil, errors.New("it could not be written to the state directory; the log says more")
	}
	g.said = word
	if _, err := g.reload(ctx, *given); err != nil {
		g.said = before
		return nil, errors.Join(err, before.Keep(g.affinityFile()))
	}
	return e, nil
}

// inForce is a configuration as it was given with what operators said.
func (g *Gateway) inForce(given *config.Config, said affinity.Word) config.Config {
	c := g.roll.Over(said.Over(*given))
	return g.orders.over(&c)
}

// settleAffinity takes note of a configuration that was given. What it is
// overruled in is named.
func (g *Gateway) settleAffinity(c *config.Config, r *Reloaded) {
	before := g.said
	g.said = before.Settle(c)
	switch {
	case g.said.Says():
		r.Kept = append(r.Kept, "affinity")
		g.log.Warn("affinity stays as an operator set it, not as the configuration says")
	case before.Says(): // a file that stays says the same at the next start, unless the configuration changes before
		if err := g.said.Keep(g.affinityFile()); err != nil {
			g.log.Error("what an operator said of affinity could not be forgotten", "file", g.affinityFile(), "err", err)
		}
	}
}
