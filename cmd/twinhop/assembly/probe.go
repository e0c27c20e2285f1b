package assembly

import (
	"context"
	"sync/atomic"
	"time"

	"twinhop/gateway/cluster"
	"twinhop/gateway/config"
	"twinhop/http/ajp"
	"twinhop/http/h1"
)

// httpProber asks nodes for a sign of life by the protocol that they speak:
// for a path, where any answer below 500 is one, or by CPing.
type httpProber struct {
	ajp   *ajp.Client
	words atomic.Pointer[config.Health]
}

// apply lets the next probe be made as c says.
func (p *httpProber) apply(c config.Health) { p.words.Store(&c) }

// Probe implements cluster.Prober.
func (p *httpProber) Probe(ctx context.Context, n *cluster.Node) cluster.Result {
	start := time.Now()
	err := p.ask(ctx, n.Addr(cluster.HTTP))
	r := cluster.Result{OK: err == nil, Took: time.Since(start)}
	if err != nil {
		r.Detail = err.Error()
	}
	return r
}

func (p *httpProber) ask(ctx context.Context, a cluster.Address) error {
	const enough = time.Minute // ctx ends it earlier
	words := p.words.Load()
	if a.Scheme != "ajp" {
		return (&h1.Prober{Path: words.HTTP.Path, Timeout: enough}).Probe(ctx, a.Addr.String())
	}
	probe := ajp.Prober{Client: p.ajp, Path: words.HTTP.Path, Timeout: enough}
	if words.AJP.CPing {
		probe.Path = ""
	}
	return probe.Probe(ctx, a.Addr.String())
}
