package h1

import (
	"context"
	"fmt"
	"time"

	"twinhop/http/head"
)

// A Prober asks nodes whether they are alive: "GET Path" on a connection of
// its own, so that the answer also says that the node takes connections. Any
// answer below 500 means alive, as health.http defines it.
type Prober struct {
	// Client opens the connection; nil uses defaults.
	Client *Client
	// Path is the request target, "/" when empty.
	Path string
	// Host is the authority sent, the node's address when empty.
	Host string
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
	r := head.Request{Method: "GET", Target: p.Path, Host: p.Host}
	if r.Target == "" {
		r.Target = "/"
	}
	if r.Host == "" {
		r.Host = addr
	}
	r.Fields.Add("User-Agent", "twinhop-probe")
	client := Client{MaxIdle: -1}
	if p.Client != nil {
		client.Dial, client.ConnectTimeout = p.Client.Dial, p.Client.ConnectTimeout
	}
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
