package ajp

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"twinhop/http/head"
)

// ping asks the node for a sign of life (CPing, CPong), within PingTimeout for
// a timeout of 0. Nothing of a request was sent by then, so that its failure
// costs none.
func (x *conn) ping(timeout time.Duration) error {
	if x.set.BodyTimeout > 0 {
		x.nc.SetWriteDeadline(time.Time{}) // that of the last write may have passed since
	}
	x.deadline(effective(cmp.Or(timeout, x.set.PingTimeout), DefaultPingTimeout))
	n, err := x.nc.Write([]byte(pingPacket))
	x.wire.Sent(n)
	if err != nil {
		return x.failed("ping", err)
	}
	payload, err := x.packet()
	if err == nil && (len(payload) != 1 || payload[0] != typePong) {
		err = badResponse("packet of type %d instead of a sign of life", payload[0])
	}
	if err == nil && x.r != x.w {
		err = badResponse("more than a sign of life")
	}
	if err != nil {
		return x.failed("ping", err)
	}
	x.answered = false
	return nil
}

// alive asks a connection that is in no use.
func (x *conn) alive(ctx context.Context) bool {
	x.watch(ctx, nil)
	err := x.ping(0)
	if !x.stopWatch() || err != nil {
		return false
	}
	x.ctx = nil
	x.deadline(0)
	return true
}

// A Prober asks nodes whether they are alive, on a connection of its own, so
// that the answer also says that the node takes connections.
type Prober struct {
	// Client opens the connection and has the settings; nil uses defaults.
	Client *Client
	// Path empty asks by CPing, which any connector answers, whatever becomes
	// of its applications. Else it is the target of a GET, and any answer
	// below 500 means alive.
	Path string
	// Timeout bounds the whole probe, 2 s when 0.
	Timeout time.Duration
}

// Probe returns nil when the node at addr is alive, else what was wrong.
func (p *Prober) Probe(ctx context.Context, addr string) error {
	timeout := p.Timeout
	if timeout == 0 {
		timeout = 2 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var client Client
	if p.Client != nil {
		s := p.Client.settings(addr)
		s.MaxIdle, s.MaxConns, s.PingConnect, s.PingRequest = -1, 0, false, false
		client.Dial, client.Default = p.Client.Dial, s
	}
	defer client.CloseIdle()
	if p.Path == "" {
		return client.ping(ctx, addr)
	}
	r := head.Request{Method: "GET", Target: p.Path, Host: addr}
	r.Fields.Add("User-Agent", "twinhop-probe")
	resp, err := client.Exchange(ctx, addr, &r, nil)
	if err != nil {
		return err
	}
	status := resp.Status
	resp.Body.Close()
	if status >= 500 {
		return fmt.Errorf("GET %s at %s: status %d", r.Target, addr, status)
	}
	return nil
}

func (c *Client) ping(ctx context.Context, addr string) error {
	x, err := c.acquire(ctx, c.pool(addr), true)
	if err != nil {
		return err
	}
	defer x.discard()
	x.watch(ctx, nil)
	return x.ping(0)
}
