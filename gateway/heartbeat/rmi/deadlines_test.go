package rmi

import (
	"context"
	"io"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"twinhop/gateway/cluster"
	"twinhop/gateway/heartbeat"
)

// piped is a connection without a socket, so that its time may be that of a bubble.
type piped struct{ net.Conn }

func (piped) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 40000} }
func (piped) LocalAddr() net.Addr  { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 2000} }

// pipes is a listener that takes what dial makes.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
}

func (l *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 2000} }
func (l *pipes) Close() error   { close(l.done); return nil }
func (l *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

// said is a part of what a client sends, after a pause.
type said struct {
	after time.Duration
	part  string
}

// slow is a client that takes its time. It returns when the server had enough, counted from
// the start; a client that spoke its last waits for that.
func slow(t *testing.T, all []said) (closed time.Duration) {
	synctest.Test(t, func(t *testing.T) {
		registry := &cluster.Registry{}
		if err := registry.Apply(cluster.Spec{}); err != nil {
			t.Fatal(err)
		}
		roster := &heartbeat.Roster{Registry: registry}
		roster.Apply(heartbeat.Settings{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
		l := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
		s := &Server{Roster: roster, Registry: l, Limits: Limits{Idle: time.Minute, Partial: 5 * time.Second}}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- s.Run(ctx) }()
		ours, theirs := net.Pipe()
		l.conns <- piped{theirs}
		begin := time.Now()
		gone := make(chan struct{})
		go func() {
			_, _ = io.Copy(io.Discard, ours)
			closed = time.Since(begin)
			close(gone)
		}()
		for _, p := range all {
			time.Sleep(p.after)
			if _, err := io.WriteString(ours, p.part); err != nil {
				break
			}
		}
		<-gone
		ours.Close()
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return closed
}

// drip sends a byte a second.
func drip(s string) (all []said) {
	for i := range len(s) {
		all = append(all, said{time.Second, s[i : i+1]})
	}
	return all
}

// TestSlowClients: however a connection is drawn out, it ends. A call has its time from its
// first byte on, not from its last.
func TestSlowClients(t *testing.T) {
	const hello, name = "JRMI\x00\x02\x4b", "\x00\x04node\x00\x00\x00\x00"
	lookup := call64(registryID, opLookup, registryHash) + "\x74" + utf("SIPBalancer")
	greet := said{0, hello + name}
	for what, tt := range map[string]struct {
		all  []said
		want time.Duration
	}{
		"says nothing":                {nil, 5 * time.Second},
		"half a greeting":             {[]said{{0, hello[:3]}}, 5 * time.Second},
		"a byte of it a second":       {drip(hello + name), 5 * time.Second},
		"greets and is silent":        {[]said{greet}, time.Minute},
		"half a call":                 {[]said{greet, {2 * time.Second, lookup[:20]}}, 7 * time.Second},
		"a byte of a call a second":   {append([]said{greet}, drip(lookup)...), 6 * time.Second},
		"calls now and then":          {[]said{greet, {50 * time.Second, lookup}, {50 * time.Second, "\x52"}, {50 * time.Second, lookup}}, 210 * time.Second},
		"a call that says 2^31 bytes": {[]said{greet, {time.Second, call64(balancerID, -1, hashHandlePing) + "\x74\xff\xff"}}, time.Second},
	} {
		if got := slow(t, tt.all); got != tt.want {
			t.Errorf("%s: closed after %v, not %v", what, got, tt.want)
		}
	}
}
