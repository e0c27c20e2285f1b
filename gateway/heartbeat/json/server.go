package json

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"twinhop/gateway/heartbeat"
)

// Limits bound what connections cost. What is zero is as in DefaultLimits.
type Limits struct {
	Connections int           // at a time
	PerSource   int           // at a time of one address
	Read        time.Duration // for a whole message, the TLS handshake included
	Answer      time.Duration // for a command and its answer
	Farewell    time.Duration // for the end: half for what is being answered, half for telling all nodes that we stop
}

// DefaultLimits are for 256 nodes, many of them on one machine.
var DefaultLimits = Limits{Connections: 512, PerSource: 256, Read: 5 * time.Second, Answer: 10 * time.Second, Farewell: 2 * time.Second}

func (l Limits) whole() Limits {
	d := DefaultLimits
	return Limits{cmp.Or(l.Connections, d.Connections), cmp.Or(l.PerSource, d.PerSource),
		cmp.Or(l.Read, d.Read), cmp.Or(l.Answer, d.Answer), cmp.Or(l.Farewell, d.Farewell)}
}

// Server answers nodes. The fields are set before Run.
type Server struct {
	Roster   *heartbeat.Roster
	Listener net.Listener // the port of the protocol is 2610
	TLS      *tls.Config  // nil: plain; with ClientCAs and RequireAndVerifyClientCert nobody without a certificate gets in
	Secret   []byte       // of signatures; nil: messages need none
	Limits   Limits
	Log      *slog.Logger // nil: discard
	// Dial opens the connections on which nodes are told that we stop; nil: of net.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	nonces Nonces
}

// maxHead bounds the head of a request, in bytes.
const maxHead = 8 << 10

// Run answers until ctx is done, then closes the listener, lets answers be
// finished and tells the nodes that announced a heartbeatPort that we stop. An
// error of the listener ends it.
func (s *Server) Run(ctx context.Context) error {
	limits := s.Limits.whole()
	gate := &gate{Listener: s.Listener, server: s, limits: limits}
	var l net.Listener = gate
	if s.TLS != nil {
		cfg := s.TLS.Clone()
		cfg.NextProtos = []string{"http/1.1"}
		l = tls.NewListener(gate, cfg)
	}
	srv := &http.Server{Handler: s, ReadHeaderTimeout: limits.Read, ReadTimeout: limits.Read, WriteTimeout: limits.Read + limits.Answer,
		MaxHeaderBytes: maxHead, ErrorLog: slog.NewLogLogger(s.log().Handler(), slog.LevelDebug)}
	srv.SetKeepAlivesEnabled(false)
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(l) }()
	select {
	case err := <-failed:
		srv.Close()
		return fmt.Errorf("JSON heartbeats: %w", err)
	case <-ctx.Done():
	}
	within(limits.Farewell/2, func(end context.Context) {
		if err := srv.Shutdown(end); err != nil {
			srv.Close()
		}
	})
	<-failed
	within(limits.Farewell/2, s.farewell)
	return nil
}

func within(d time.Duration, do func(context.Context)) {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	do(ctx)
}

func (s *Server) log() *slog.Logger {
	if s.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return s.Log
}
