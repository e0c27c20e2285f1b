package http

import (
	"bufio"
	"context"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"twinhop/appsession"
	"twinhop/gateway"
	"twinhop/http/head"
)

// touchEvery is how often a running tunnel shows the affinity table that its
// session is in use.
const touchEvery = 15 * time.Second

// tunnelSize is how much a tunnel holds each way. There may be thousands, most
// of them silent.
const tunnelSize = 4 << 10

// tunnels are the upgraded connections, which net/http does not know any more.
type tunnels struct {
	running sync.WaitGroup

	mu     sync.Mutex // guards what follows
	closed bool
	all    map[*tunnel]struct{}
}

// A tunnel passes bytes between a client and a node after 101.
type tunnel struct {
	client net.Conn
	early  *bufio.Reader // what the client sent, from the first byte
	node   io.ReadWriteCloser
	idle   time.Duration
	last   atomic.Int64 // when a byte last came from either side, UnixNano
	once   sync.Once
}

func (t *tunnels) open() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = false
}

// add tells whether the tunnel may run.
func (t *tunnels) add(u *tunnel) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return false
	}
	if t.all == nil {
		t.all = make(map[*tunnel]struct{})
	}
	t.all[u] = struct{}{}
	t.running.Add(1)
	return true
}

func (t *tunnels) remove(u *tunnel) {
	t.mu.Lock()
	delete(t.all, u)
	t.mu.Unlock()
	t.running.Done()
}

// close ends all tunnels and waits for them.
func (t *tunnels) close() {
	t.mu.Lock()
	t.closed = true
	for u := range t.all {
		u.close()
	}
	t.mu.Unlock()
	t.running.Wait()
}

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
	t := &tunnel{client: conn, early: early, node: resp.Conn, idle: x.s.tunnelIdle()}
	if !x.f.tunnels.add(t) {
		t.close()
		return
	}
	defer x.f.tunnels.remove(t)
	x.f.Metrics.tunnel(+1)
	defer x.f.Metrics.tunnel(-1)
	conn.SetWriteDeadline(time.Now().Add(10 * time.Second))
	if _, err := conn.Write(switchedHead(&x.fields, resp.Fields.Get("Upgrade"))); err != nil {
		t.close()
		return
	}
	conn.SetWriteDeadline(time.Time{})
	outcome = gateway.OK
	ctx, cancel := context.WithCancel(context.WithoutCancel(x.ctx))
	var touching sync.WaitGroup
	touching.Go(func() { x.touch(ctx) })
	t.run()
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

// run passes bytes both ways until either side ends.
func (t *tunnel) run() {
	t.last.Store(time.Now().UnixNano())
	var up sync.WaitGroup
	up.Go(func() { t.pass(t.node, t.early, t.client) })
	t.pass(t.client, t.node, t.node)
	up.Wait()
	t.close()
}

func (t *tunnel) close() {
	t.once.Do(func() {
		t.client.Close()
		t.node.Close()
	})
}

// pass copies from src, whose connection is conn, to dst. At the end of src it
// ends dst's direction, so that what the other side still says arrives; any
// error ends the tunnel.
func (t *tunnel) pass(dst io.Writer, src io.Reader, conn any) {
	buf := make([]byte, tunnelSize)
	timed, _ := conn.(interface{ SetReadDeadline(time.Time) error })
	for {
		if timed != nil {
			timed.SetReadDeadline(time.Now().Add(t.idle))
		}
		k, err := src.Read(buf)
		if k > 0 {
			t.last.Store(time.Now().UnixNano())
			if _, werr := dst.Write(buf[:k]); werr != nil {
				t.close()
				return
			}
		}
		switch {
		case err == nil:
		case head.Timeout(err) && time.Since(time.Unix(0, t.last.Load())) < t.idle:
			// The other direction is alive.
		case err == io.EOF && closeWrite(dst):
			return
		default:
			t.close()
			return
		}
	}
}

func closeWrite(w io.Writer) bool {
	c, ok := w.(interface{ CloseWrite() error })
	return ok && c.CloseWrite() == nil
}
