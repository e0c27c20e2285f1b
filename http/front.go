package http

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"twinhop/gateway"
	"twinhop/gateway/cluster"
	"twinhop/gateway/trace/messages"
	"twinhop/gateway/trace/specimens"
	"twinhop/http/follow"
	"twinhop/http/framing"
	"twinhop/http/head"
	"twinhop/http/tunnel"
)

// Front serves HTTP clients. Its fields are set before it is used; Apply may
// be called at any time. It is an http.Handler; Run serves listeners with the
// limits a public door needs.
type Front struct {
	// Router decides.
	Router *gateway.Router
	// Views is the registry's; taken once per request.
	Views func() *cluster.View
	// Backends speak with nodes, by the scheme of the node's address
	// ("http", "ajp").
	Backends map[string]head.Backend
	// Local are paths that the gateway serves itself, by canonical path;
	// Handlers are those that a MountRule leads to, by name.
	Local, Handlers map[string]LocalHandler
	// Guard keeps corrections from going round in circles.
	Guard follow.Guard
	// StandIn speaks with Unavailable.Proxy; nil: nobody stands in.
	StandIn head.Backend
	// Metrics is told what happened; nil: nobody is.
	Metrics *Metrics
	// Messages remembers exchanges of sessions; nil: nobody does.
	Messages *messages.Log
	// Specimens keeps what some requests could be known by; nil: nobody does.
	Specimens *specimens.Recorder
	// Log nil discards.
	Log *slog.Logger
	// Now is the clock, nil means time.Now.
	Now func() time.Time
	// Limits of the listeners that Run serves; the zero value means defaults.
	Limits Limits
	// Grace is how long Run lets requests finish after its context ended;
	// 0 means 10 s.
	Grace time.Duration

	settings atomic.Pointer[applied]
	detour   bool // every request comes by net/http: tests compare
	visits   sync.Pool
	tunnels  tunnel.Set
}

// A LocalHandler serves a path of the gateway itself. It gets what the request
// says about its application session; neither outlives the call.
type LocalHandler func(w http.ResponseWriter, r *http.Request, ev []gateway.Evidence, hint gateway.Hint)

// Limits bound what a connection may cost before its request is understood.
// For durations 0 means the default.
type Limits struct {
	HeaderBytes   int           // of a request head; 0 means 32 KiB, beyond: 431
	HeaderTimeout time.Duration // for the whole head, 5 s
	IdleTimeout   time.Duration // between two requests, 60 s
}

// Apply makes s count for requests that begin from now on.
func (f *Front) Apply(s *Settings) { f.settings.Store(apply(s)) }

func (f *Front) now() time.Time {
	if f.Now != nil {
		return f.Now()
	}
	return time.Now()
}

func (f *Front) log() *slog.Logger {
	if f.Log != nil {
		return f.Log
	}
	return discard
}

var discard = slog.New(slog.DiscardHandler)

func (f *Front) visit() *visit {
	if x, ok := f.visits.Get().(*visit); ok {
		return x
	}
	return &visit{}
}

// ServeHTTP implements http.Handler.
func (f *Front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := f.visit()
	x.begin(f, w, r)
	aborted := x.serve(r)
	x.end()
	f.visits.Put(x)
	if aborted {
		panic(http.ErrAbortHandler) // net/http's way of cutting an answer that cannot be completed
	}
}

// Run serves the listeners until ctx ends and everything it started is done:
// requests get Grace to finish, then upgraded connections are closed. A
// listener whose connections are *tls.Conn serves HTTPS; it must not offer h2.
func (f *Front) Run(ctx context.Context, listeners ...net.Listener) error {
	srv := &http.Server{
		Handler:           f,
		ReadHeaderTimeout: or(f.Limits.HeaderTimeout, 5*time.Second),
		IdleTimeout:       or(f.Limits.IdleTimeout, time.Minute),
		WriteTimeout:      or(f.settings.Load(), &noSettings).bodyStall(), // extended while an answer is taken in
		MaxHeaderBytes:    or(f.Limits.HeaderBytes, 32<<10),
		ConnContext:       framing.With,
		ErrorLog:          slog.NewLogLogger(f.log().Handler(), slog.LevelDebug),
	}
	short := f.short(srv)
	f.tunnels.Open()
	failed := make(chan error, len(listeners))
	var serving sync.WaitGroup
	for _, l := range listeners {
		if !f.detour {
			l = short.Listen(l)
		}
		serving.Go(func() { failed <- srv.Serve(framing.Listener{Listener: l}) })
	}
	watch, unwatch := context.WithCancel(context.WithoutCancel(ctx))
	defer unwatch()
	serving.Go(func() { short.Run(watch) })
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), or(f.Grace, 10*time.Second))
	defer cancel()
	cut := make(chan error, 1)
	go func() { cut <- short.Shutdown(grace) }()
	if errors.Join(srv.Shutdown(grace), <-cut) != nil {
		f.log().Warn("requests were cut at the end of the grace time")
	}
	unwatch()
	f.tunnels.Close()
	srv.Close()
	serving.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return err
}
