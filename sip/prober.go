package sip

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"time"

	"twinhop/gateway/cluster"
	"twinhop/sip/peek"
	"twinhop/sip/seal"
)

// Prober asks nodes for a sign of life with OPTIONS (RFC 3261 section 11). Alive is who gives a final answer other than 503 before the
// context ends. The zero Prober is ready; it implements cluster.Prober.
type Prober struct {
	// Dial opens a socket toward a node; nil: UDP from any port. A socket of its own keeps probes apart from traffic and lets the system
	// tell at once that nobody listens there.
	Dial func(ctx context.Context, to netip.AddrPort) (net.Conn, error)
}

// The pace of repetitions over UDP (RFC 3261 section 17.1.2.2): timer T1, doubled up to T2.
const (
	timerT1 = 500 * time.Millisecond
	timerT2 = 4 * time.Second
)

// Probe sends OPTIONS to the node's SIP address until it answers or ctx ends.
func (p *Prober) Probe(ctx context.Context, n *cluster.Node) cluster.Result {
	start := time.Now()
	code, err := p.ask(ctx, n.Addr(cluster.SIP).Addr)
	r := cluster.Result{OK: err == nil && serves(code), Code: code, Took: time.Since(start)}
	switch {
	case err != nil:
		r.Detail = err.Error()
	case !r.OK:
		r.Detail = fmt.Sprintf("answered %d", code)
	}
	return r
}

func (p *Prober) ask(ctx context.Context, to netip.AddrPort) (int, error) {
	dial := p.Dial
	if dial == nil {
		dial = func(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "udp", to.String())
		}
	}
	c, err := dial(ctx, to)
	if err != nil {
		return 0, fmt.Errorf("probe %s: %w", to, err)
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { c.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	id := fmt.Sprintf("%016x", rand.Uint64())
	request := fmt.Appendf(nil, "OPTIONS sip:%s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=%s%s;rport\r\nMax-Forwards: 70\r\n"+
		"From: <sip:twinhop@%s>;tag=%s\r\nTo: <sip:%s>\r\nCall-ID: %s\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n",
		to, c.LocalAddr(), seal.Cookie, id, c.LocalAddr(), id[:8], to, id)
	for wait := timerT1; ; wait = min(2*wait, timerT2) {
		if _, err = c.Write(request); err == nil {
			var code int
			if code, err = await(ctx, c, id, wait); err == nil {
				return code, nil
			}
		}
		switch {
		case ctx.Err() != nil:
			return 0, fmt.Errorf("probe %s: no answer", to)
		case !errors.Is(err, errSilent):
			return 0, fmt.Errorf("probe %s: %w", to, err) // nobody listens there
		}
	}
}

var errSilent = errors.New("silent")

// await reads until a final answer to our OPTIONS arrives or the time is over.
func await(ctx context.Context, c net.Conn, id string, wait time.Duration) (int, error) {
	until := time.Now().Add(wait)
	buf := make([]byte, peek.MaxMessage)
	var m peek.Message
	for {
		if err := c.SetReadDeadline(until); err != nil {
			return 0, err
		}
		if ctx.Err() != nil { // the deadline just set may have undone the one that ctx set
			return 0, ctx.Err()
		}
		n, err := c.Read(buf)
		var timeout net.Error
		if errors.As(err, &timeout) && timeout.Timeout() {
			return 0, errSilent
		}
		if err != nil {
			return 0, err
		}
		if m.Scan(buf[:n]) == peek.OK && m.Response && string(m.Text(m.CallID)) == id && final(m.Status) {
			return m.Status, nil
		}
	}
}
