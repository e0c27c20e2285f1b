package assembly

import (
	"context"
	"errors"
	"net"
	"time"

	"twinhop/http/parting"
)

// arrange puts the stages in the order in which they start.
func (g *Gateway) arrange() {
	g.stages.log = g.log
	add := func(s stage) { g.stages.list = append(g.stages.list, s) }
	add(stage{name: "trace", run: g.Trace.Run})
	add(stage{name: "admin", run: func(ctx context.Context) error {
		return g.Admin.Run(ctx, g.adminListeners()...)
	}})
	add(stage{name: "store", run: g.table.Run})
	add(stage{name: "registry", run: g.Registry.Run})
	add(stage{name: "upkeep", run: g.upkeep})
	add(stage{name: "calls", run: g.calls.Run})
	add(stage{name: "never probed", run: g.warden.Run})
	if g.hearts != nil { // nodes are heard as long as there is traffic
		add(stage{name: "heartbeats", run: g.hearts.Run})
	}
	if g.sip != nil {
		add(stage{name: "sip", run: g.sip.Run, drain: g.sip.Drain})
	}
	if g.certs != nil {
		add(stage{name: "certificates", run: g.certs.Run})
	}
	if g.http != nil {
		add(stage{name: "http connections", run: g.nodes.Run})
		add(stage{name: "ajp connections", run: g.ajp.Run})
		add(stage{name: "nodes that leave", run: func(ctx context.Context) error {
			return parting.Run(ctx, g.Registry, g.nodes.Keep, g.ajp.Keep)
		}})
		add(stage{name: "stand-in connections", run: g.standIn.Run})
		add(*g.http)
		g.stages.list = append(g.stages.list, g.elsewhere...)
	}
}

func (g *Gateway) adminListeners() []net.Listener {
	all := []net.Listener{g.sockets.command}
	if g.sockets.admin != nil {
		all = append(all, g.sockets.admin)
	}
	return all
}

// Serving is closed when every stage runs: every socket is served, whatever
// the nodes do.
func (g *Gateway) Serving() <-chan struct{} { return g.serving }

// Ready is closed when the gateway has become ready: every stage runs, every
// node was probed, and one of them can serve.
func (g *Gateway) Ready() <-chan struct{} { return g.ready }

// lookReady closes Ready when the time has come, and tells whether it has.
func (g *Gateway) lookReady() bool {
	for _, err := range g.checks(context.Background()) {
		if err != nil {
			return false
		}
	}
	g.readying.Do(func() { close(g.ready) })
	return true
}

// Run starts the stages and returns when ctx has ended, all work is done or
// shutdown.grace is over, and everything is closed. A stage that fails ends
// the others, and its error is returned.
func (g *Gateway) Run(ctx context.Context) error {
	g.stages.start(ctx)
	g.started.Store(true)
	close(g.serving)
	g.lookReady()
	var failure error
	select {
	case <-ctx.Done():
		failure = g.leave()
	case failure = <-g.stages.failed:
		g.log.Error("a part of the gateway failed: stopping", "err", failure)
		g.leaving.Store(true)
	}
	return errors.Join(failure, g.stages.stop(), g.sockets.close())
}

// leave lets the work that is there come to its end.
func (g *Gateway) leave() error {
	begin := time.Now()
	g.leaving.Store(true) // readyz says so; who balances over gateways has announce to notice
	s := g.present.Load().Shutdown
	g.log.Info("stopping", "announce", s.Announce, "grace", s.Grace, "calls", g.Book.Total())
	timer := time.NewTimer(s.Announce)
	defer timer.Stop()
	select {
	case <-timer.C:
	case err := <-g.stages.failed:
		g.log.Error("a part of the gateway failed while stopping", "err", err)
		return err
	}
	g.stages.finish(max(s.Grace-time.Since(begin), 0))
	return nil
}

// Close releases the sockets of a Gateway that is not going to run.
func (g *Gateway) Close() error { return g.sockets.close() }

// ErrReported is an error that the user was told of already: the process
// ends with 1 and says nothing more.
var ErrReported = errors.New("told already")
