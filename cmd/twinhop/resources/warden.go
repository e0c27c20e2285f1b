package resources

import (
	"context"
	"log/slog"
	"time"

	"twinhop/gateway/cluster"
)

// Warden disables nodes that failed in pools whose nodes are never probed: only
// an operator brings them back. It runs once.
type Warden struct {
	Registry *cluster.Registry
	Log      *slog.Logger

	failed chan *cluster.Member
	events <-chan cluster.Event
	stop   func()
}

// NewWarden looks at the registry from now on.
func NewWarden(r *cluster.Registry, log *slog.Logger) *Warden {
	w := &Warden{Registry: r, Log: log, failed: make(chan *cluster.Member, 64)}
	w.events, w.stop = r.Watch(256)
	return w
}

// Failed takes a member that failed a call. It never blocks: of very many at a
// time the next call will tell.
func (w *Warden) Failed(m *cluster.Member) {
	select {
	case w.failed <- m:
	default:
	}
}

// Run ends with ctx.
func (w *Warden) Run(ctx context.Context) error {
	defer w.stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case m := <-w.failed:
			w.disable(m.Pool.Name, m.Name, "a call failed on it")
		case e := <-w.events:
			if e.What == cluster.HealthChanged && e.Service == cluster.SIP && e.Health == cluster.Down {
				w.fell(e.Node, e.Why)
			}
			if e.Lost > 0 {
				w.look()
			}
		}
	}
}

// look finds who fell while nobody had time to hear of it.
func (w *Warden) look() {
	for _, n := range w.Registry.View().Nodes {
		if n.Health(cluster.SIP) == cluster.Down {
			w.fell(n.Name, "it is down")
		}
	}
}

// fell disables a node that its traffic has taken out.
func (w *Warden) fell(node, why string) {
	for _, p := range w.Registry.View().Pools {
		w.disable(p.Name, node, why)
	}
}

func (w *Warden) disable(pool, node, why string) {
	p := w.Registry.View().Pool(pool)
	if p == nil {
		return
	}
	m := p.Member(node)
	if m == nil || m.Activation != cluster.Active || !m.Unprobed() {
		return
	}
	if err := w.Registry.SetActivation(pool, node, cluster.Disabled); err != nil {
		w.Log.Error("a node that failed could not be disabled", "node", node, "pool", pool, "err", err)
		return
	}
	m.Rest(cluster.SIP, time.Now()) // it is out by that, and at once back when the operator says so
	w.Log.Warn("node is disabled till an operator enables it: it failed, and is never probed", "node", node, "pool", pool, "why", why)
}
