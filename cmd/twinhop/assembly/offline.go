package assembly

import (
	"log/slog"

	"twinhop/admin/explain"
	"twinhop/cmd/twinhop/rehearsal"
	"twinhop/cmd/twinhop/secrets"
)

// Offline answers where messages would go by a configuration alone, without
// errors: every node is up, and nobody has a session. Nothing is opened, and
// no file is written.
func Offline(o Options) (explain.Desk, error) {
	g := &Gateway{config: o.Config, log: slog.New(slog.DiscardHandler), places: places{dir: o.Dir}, secrets: secrets.Random()}
	given := g.config
	g.basis.Store(&given)
	g.buildStore()
	p, err := g.buildCluster()
	if err != nil {
		return explain.Desk{}, err
	}
	g.buildRouter(p)
	g.words.Store(p)
	g.front, g.sip = rehearsal.Fronts(&g.config)
	return explain.Desk{View: g.Registry.View, Store: g.Store, Trace: g.Trace, Decide: g.Router.Explain, Play: g.Play}, nil
}
