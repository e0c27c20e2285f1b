package http

import (
	"context"
	"sync"
	"time"

	"twinhop/appsession"
	"twinhop/gateway"
	"twinhop/http/head"
	"twinhop/http/tunnel"
)

// touchEvery is how often a running tunnel shows the affinity table that its
// session is in use.
const touchEvery = 15 * time.Second

// tunnel completes the upgrade that the node granted and passes bytes until
// either side ends.
func (x *visit) tunnel(resp *head.Response) {
	defer resp.Conn.Close()
	x.status = resp.Status
	outcome := gateway.ClientGone
	defer func() { x.d.Done(outcome, x.usage(resp)) }()
	conn, early, err := x.lane.Hijack()
	if err != nil { // HTTP/2 has no upgrade of this kind
		x.refuse(statusNoUpgrade)
		return
	}
	x.learn(resp)
	x.clientFields(resp)
	t := &tunnel.Tunnel{Client: conn, Early: early, Node: resp.Conn, Idle: x.s.tunnelIdle()}
	if !x.f.tunnels.Add(t) {
		t.Close()
		return
	}
	defer x.f.tunnels.Remove(t)
	x.f.Metrics.tunnel(+1)
	defer x.f.Metrics.tunnel(-1)
	conn.SetWriteDeadline(time.Now().Add(10 * time.Second))
	if _, err := conn.Write(switchedHead(&x.fields, resp.Fields.Get("Upgrade"))); err != nil {
		t.Close()
		return
	}
	conn.SetWriteDeadline(time.Time{})
	outcome = gateway.OK
	ctx, cancel := context.WithCancel(context.WithoutCancel(x.ctx))
	var touching sync.WaitGroup
	touching.Go(func() { x.touch(ctx) })
	t.Run()
	cancel()
	touching.Wait()
}

// switchedHead is the 101 as the client gets it.
func switchedHead(fields *head.Fields, protocol string) []byte {
	b := []byte("HTTP/1.1 101 " + reason(statusSwitched) + "\r\nConnection: Upgrade\r\nUpgrade: " + protocol + "\r\n")
	for f := range fields.All() {
		b = append(append(append(append(b, f.Name...), ": "...), f.Value...), "\r\n"...)
	}
	return append(b, "\r\n"...)
}

// touch keeps the session in the table while the tunnel runs.
func (x *visit) touch(ctx context.Context) {
	near, ok := x.f.Router.Store.(appsession.Near)
	if !ok || len(x.ask.Evidence) == 0 {
		return
	}
	keys := make([]appsession.Key, 0, len(x.ask.Evidence))
	for _, ev := range x.ask.Evidence {
		keys = append(keys, ev.Key)
	}
	tick := time.NewTicker(touchEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			for i := range keys {
				near.Now(keys[i : i+1])
			}
		}
	}
}
