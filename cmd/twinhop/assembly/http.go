package assembly

import (
	"context"
	"time"

	"twinhop/cmd/twinhop/secrets"
	"twinhop/cmd/twinhop/stages"
	httpfront "twinhop/http"
	"twinhop/http/crowd"
	"twinhop/http/follow"
	"twinhop/http/h1"
	"twinhop/http/head"
)

// buildHTTP builds the HTTP front and its way to the nodes.
func (g *Gateway) buildHTTP(o Options, p *plan) error {
	g.nodes = &h1.Client{}
	g.standIn = &h1.Client{MaxConns: maxStandIn, ConnectTimeout: 2 * time.Second, BodyTimeout: time.Minute}
	m, err := httpfront.NewMetrics(g.metrics)
	if err != nil {
		return err
	}
	current, previous := g.secrets.Key(secrets.Cookie, 32)
	keys := [][]byte{current}
	if previous != nil {
		keys = append(keys, previous)
	}
	handlers, err := g.statusWorkers(o)
	if err != nil {
		return err
	}
	limits, down := g.config.Limits.HTTP, g.config.Shutdown
	g.front = &httpfront.Front{Router: g.Router, Views: g.Registry.View, Backends: map[string]head.Backend{"http": g.nodes, "ajp": g.ajp},
		Handlers: handlers, Guard: follow.Guard{Secrets: keys}, StandIn: g.standIn, Metrics: m, Messages: g.Messages, Specimens: g.specimens, Log: g.log, Grace: max(down.Grace-down.Announce, time.Millisecond),
		Limits: httpfront.Limits{HeaderBytes: int(limits.HeaderBytes), HeaderTimeout: off(limits.HeaderTimeout), IdleTimeout: off(limits.IdleTimeout)}}
	if path := g.config.Listen.SIP.WebSocket; path != "" {
		g.front.Local = map[string]httpfront.LocalHandler{path: g.takeWebSocket}
	}
	g.front.Apply(p.http)
	g.crowd = &crowd.Crowd{Exempt: g.familiar, Log: g.log}
	g.crowd.Apply(crowdLimits(&g.config))
	if err := g.metrics.register(g.crowd); err != nil {
		return err
	}
	doors, err := g.doors()
	if err != nil {
		return err
	}
	g.http = &stages.Stage{Name: "http", Finishes: true, Run: func(ctx context.Context) error { return g.front.Run(ctx, doors...) }}
	return nil
}

// maxStandIn bounds the requests at a time that a host answers instead of the
// nodes; so requests that lead back to this gateway do not go round for ever.
const maxStandIn = 256
