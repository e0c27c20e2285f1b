package assembly

import (
	"context"
	"errors"
	"time"

	"twinhop/cmd/twinhop/sockets"
	"twinhop/cmd/twinhop/stages"
	"twinhop/http/parting"
)

// arrange puts the stages in the order in which they start.
func (g *Gateway) arrange() {
	g.stages.Log = g.log
	add := func(s stages.Stage) { g.stages.List = append(g.stages.List, s) }
	add(stages.Stage{Name: "trace", Run: g.Trace.Run})
	if g.capture != nil {
		add(stages.Stage{Name: "capture server", Run: g.capture.Run})
	}
	add(stages.Stage{Name: "admin", Run: func(ctx context.Context) error {
		return g.Admin.Run(ctx, g.adminListeners()...)
	}})
	add(stages.Stage{Name: "store", Run: g.table.Run})
	add(stages.Stage{Name: "registry", Run: g.Registry.Run})
	add(stages.Stage{Name: "upkeep", Run: g.upkeep})
	add(stages.Stage{Name: "calls", Run: g.calls.Run})
	add(stages.Stage{Name: "never probed", Run: g.warden.Run})
	if g.hearts != nil { // nodes are heard as long as there is traffic
		add(stages.Stage{Name: "heartbeats", Run: g.hearts.Run})
	}
	if g.sip != nil {
		add(stages.Stage{Name: "sip", Run: g.runSIP, Drain: g.sip.Drain})
	}
	if g.certs != nil {
		add(stages.Stage{Name: "certificates", Run: g.certs.Run})
	}
	if g.http != nil {
		add(stages.Stage{Name: "http connections", Run: g.nodes.Run})
		add(stages.Stage{Name: "ajp connections", Run: g.ajp.Run})
		add(stages.Stage{Name: "nodes that leave", Run: func(ctx context.Context) error {
			return parting.Run(ctx, g.Registry, g.nodes.Keep, g.ajp.Keep)
		}})
		add(stages.Stage{Name: "stand-in connections", Run: g.standIn.Run})
		add(*g.http)
		g.stages.List = append(g.stages.List, g.elsewhere...)
	}
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
	g.stages.Start(ctx)
	g.started.Store(true)
	close(g.serving)
	g.lookReady()
	var failure error
	select {
	case <-ctx.Done():
		failure = g.leave()
	case failure = <-g.stages.Failed():
		g.log.Error("a part of the gateway failed: stopping", "err", failure)
		g.leaving.Store(true)
	}
	return errors.Join(failure, g.stages.Stop(), g.sockets.Close())
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
	case err := <-g.stages.Failed():
		g.log.Error("a part of the gateway failed while stopping", "err", err)
		return err
	}
	g.stages.Finish(max(s.Grace-time.Since(begin), 0))
	return nil
}

// Addrs are where a gateway can be reached.
type Addrs = sockets.Addrs

// Addrs tells where the gateway can be reached, whatever ports were asked for.
func (g *Gateway) Addrs() Addrs { return g.sockets.Addrs(&g.config) }

// Close releases the sockets of a Gateway that is not going to run.
func (g *Gateway) Close() error { return g.sockets.Close() }

// ErrReported is an error that the user was told of already: the process
// ends with 1 and says nothing more.
var ErrReported = errors.New("told already")
