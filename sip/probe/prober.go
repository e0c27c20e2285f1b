package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"twinhop/gateway/cluster"
	"twinhop/sip/peek"
	"twinhop/sip/seal"
)

// Prober asks nodes for a sign of life with OPTIONS (RFC 3261 section 11), by the transport of the node's first SIP address. Alive is who gives
// a final answer other than 503 before the context ends, unless Accept said otherwise. The zero Prober is ready; it implements cluster.Prober.
type Prober struct {
	// Dial opens a socket toward a node; nil: from any port. A socket of its own keeps probes apart from traffic and lets the system
	// tell at once that nobody listens there.
	Dial func(ctx context.Context, network string, to netip.AddrPort) (net.Conn, error)
	// TLS is asked for each probe over TLS; nil, or its nil: there is none. The certificate must be for the node's host as it is configured.
	TLS func() *tls.Config

	codes atomic.Pointer[[]int]
}

// Accept says which answers are signs of life besides 2xx; of others 3xx say nothing, and the rest is as bad as none (OpenSIPS'
// probing_reply_codes). Without codes it is any but 503.
func (p *Prober) Accept(codes []int) { p.codes.Store(&codes) }

// judge tells what an answer of a node means. What its pools say goes before what Accept was told.
func (p *Prober) judge(n *cluster.Node, code int) (alive, void bool) {
	codes, said := n.Probes.Says()
	if all := p.codes.Load(); !said && all != nil {
		codes = *all
	}
	if !said && len(codes) == 0 {
		return code != 503, false
	}
	alive = code < 300 || slices.Contains(codes, code)
	return alive, !alive && code < 400
}

// The pace of repetitions over UDP (RFC 3261 section 17.1.2.2): timer T1, doubled up to T2.
const (
	timerT1 = 500 * time.Millisecond
	timerT2 = 4 * time.Second
)

var errSilent = errors.New("silent")

// Probe sends OPTIONS to the node's SIP address until it answers or ctx ends.
func (p *Prober) Probe(ctx context.Context, n *cluster.Node) cluster.Result {
	start := time.Now()
	a := n.Addr(cluster.SIP)
	code, err := p.ask(ctx, a)
	if err != nil {
		err = fmt.Errorf("probe %s://%s: %w", a.Scheme, a.Addr, err)
		return cluster.Result{Took: time.Since(start), Detail: err.Error()}
	}
	r := cluster.Result{Code: code, Took: time.Since(start)}
	r.OK, r.Void = p.judge(n, code)
	if !r.OK {
		r.Detail = fmt.Sprintf("answered %d", code)
	}
	return r
}

func (p *Prober) ask(ctx context.Context, to cluster.Address) (int, error) {
	dial := p.Dial
	if dial == nil {
		dial = func(ctx context.Context, network string, to netip.AddrPort) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, network, to.String())
		}
	}
	network, secure := to.Scheme, to.Scheme == "tls"
	if secure {
		network = "tcp"
	}
	c, err := dial(ctx, network, to.Addr)
	if err != nil {
		return 0, silence(ctx, err)
	}
	defer c.Close()
	if secure {
		if c, err = p.shakeHands(ctx, c, to); err != nil {
			return 0, silence(ctx, err)
		}
	}
	stop := context.AfterFunc(ctx, func() { c.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	q := question{conn: c, stream: network != "udp", id: fmt.Sprintf("%016x", rand.Uint64())}
	code, err := q.ask(ctx, q.options(to))
	return code, silence(ctx, err)
}

// shakeHands begins TLS.
func (p *Prober) shakeHands(ctx context.Context, c net.Conn, to cluster.Address) (net.Conn, error) {
	var with *tls.Config
	if p.TLS != nil {
		with = p.TLS()
	}
	if with == nil {
		return c, errors.New("TLS is not configured")
	}
	with = with.Clone()
	if with.ServerName = to.Host; with.ServerName == "" {
		with.ServerName = to.Addr.Addr().String()
	}
	secure := tls.Client(c, with)
	if err := secure.HandshakeContext(ctx); err != nil {
		return c, fmt.Errorf("TLS: %w", err)
	}
	return secure, nil
}

// silence names an error that is nothing but the end of the time given.
func silence(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return errors.New("no answer")
	}
	return err
}

// question is one OPTIONS request on its socket.
type question struct {
	conn   net.Conn
	stream bool
	id     string // Call-ID
	buf    [peek.MaxMessage]byte
	read   int // bytes of buf
}

func (q *question) options(to cluster.Address) []byte {
	uri := to.Addr.String()
	if scheme := strings.ToLower(to.Scheme); q.stream {
		uri += ";transport=" + scheme
	}
	local := q.conn.LocalAddr()
	return fmt.Appendf(nil, "OPTIONS sip:%s SIP/2.0\r\nVia: SIP/2.0/%s %s;branch=%s%s;rport\r\nMax-Forwards: 70\r\n"+
		"From: <sip:twinhop@%s>;tag=%s\r\nTo: <sip:%s>\r\nCall-ID: %s\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n",
		uri, strings.ToUpper(to.Scheme), local, seal.Cookie, q.id, local, q.id[:8], uri, q.id)
}

// ask sends the request, over UDP again and again, until there is a final answer.
func (q *question) ask(ctx context.Context, request []byte) (int, error) {
	for wait := timerT1; ; wait = min(2*wait, timerT2) {
		if _, err := q.conn.Write(request); err != nil {
			return 0, err
		}
		code, err := q.await(ctx, time.Now().Add(wait))
		for q.stream && errors.Is(err, errSilent) && ctx.Err() == nil { // what is sent arrives; only patience is needed
			code, err = q.await(ctx, time.Now().Add(timerT2))
		}
		if !errors.Is(err, errSilent) || ctx.Err() != nil {
			return code, err // an answer, or nobody listens there
		}
	}
}

// await reads until the final answer arrives or the time is over.
func (q *question) await(ctx context.Context, until time.Time) (int, error) {
	for {
		if err := q.conn.SetReadDeadline(until); err != nil {
			return 0, err
		}
		if ctx.Err() != nil { // the deadline just set may have undone the one that ctx set
			return 0, ctx.Err()
		}
		if q.read == len(q.buf) {
			return 0, errors.New("what it sends is no SIP")
		}
		n, err := q.conn.Read(q.buf[q.read:])
		var timeout net.Error
		if errors.As(err, &timeout) && timeout.Timeout() {
			return 0, errSilent
		}
		if err != nil {
			return 0, err
		}
		q.read += n
		if code := q.answer(); code != 0 {
			return code, nil
		}
	}
}

// answer looks for the final answer in what was read and forgets what is none; a cut message of a stream is kept.
func (q *question) answer() int {
	var m peek.Message
	for rest := q.buf[:q.read]; len(rest) > 0; {
		why := m.Scan(rest)
		if q.stream && (m.HeadEnd == 0 || why == peek.BodyCut) {
			q.read = copy(q.buf[:], rest)
			return 0
		}
		if why == peek.OK && m.Response && string(m.Text(m.CallID)) == q.id && m.Status >= 200 {
			return m.Status
		}
		if !q.stream {
			break
		}
		rest = rest[m.End:]
	}
	q.read = 0
	return 0
}
