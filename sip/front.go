package sip

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"twinhop/gateway"
	"twinhop/gateway/calls"
	"twinhop/gateway/cluster"
	"twinhop/gateway/trace/messages"
	"twinhop/gateway/trace/specimens"
	"twinhop/sip/flows"
	"twinhop/sip/gone"
	"twinhop/sip/held"
	"twinhop/sip/legs"
	"twinhop/sip/locate"
	"twinhop/sip/park"
	"twinhop/sip/pending"
	"twinhop/sip/seal"
	"twinhop/sip/self"
	"twinhop/sip/stream"
	"twinhop/sip/wire"
)

// Front serves SIP on the sockets it is given. Its fields are set before Run and not changed after; settings change by Apply.
type Front struct {
	Router  *gateway.Router
	Book    *calls.Book // told of answers and ends of calls; nil: nobody is told
	Secrets seal.Secrets
	Log     *slog.Logger // nil: silent
	Metrics *Metrics     // nil: nothing is counted

	Messages  *messages.Log       // remembers what passes; nil: nobody does
	Specimens *specimens.Recorder // keeps what some requests could be known by; nil: nobody does

	// External are the sockets of the world, at least one. Internal are those of the nodes; none means single-port mode, where a sender
	// is a node when its address is exactly that of one.
	External, Internal []Listener

	// Heartbeat is told of the properties of a heartbeat that came to an Internal listener, whoever sent it; an error refuses it. nil: nobody
	// listens for them. Saw is told that a message of a node came that told of itself; nil: nobody is. Neither must wait.
	Heartbeat func(from netip.Addr, props map[string]string) error
	Saw       func(*cluster.Node)

	Aliases []self.Alias // names and addresses of ours that no socket has: further ways that lead here

	Streams stream.Limits      // of the connections of each listener, but for those of Web
	TLS     func() *tls.Config // of connections to nodes and next hops, asked for each; nil, or its nil: none can be made
	Web     Web                // needed where there is a listener of ws or wss

	Resolver locate.Resolver // finds the names that nodes send to; nil: the system's. It is never called by a receiving goroutine

	settings atomic.Pointer[Settings]
	applying sync.Mutex // Apply may come while Run begins
	draining atomic.Bool
	ready    atomic.Bool // what follows does not change any more
	legs     *legs.Set
	keys     *seal.Keys
	gone     gone.Nodes
	names    *locate.Locator
	parked   *park.Lot[waiting]
	files    stream.Budget                    // of the connections of all legs
	held     held.Requests[heldKey, delivery] // they wait for a connection to a node
	afloat   held.Requests[heldKey, delivery] // they left in a datagram, and their clients will not repeat them
	long     recent                           // INVITEs that left by a stream for their size: nothing else tells that of what is not pending
	sent     recent                           // requests to nodes that told of themselves
	late     latecomers
	flows    flows.Ways // to clients that nobody can call
	pending  *pending.Table
	played   *Played // of a Front that rehearses; else nil
	limits   limits
	workers  sync.Pool // *worker, for connections
	log      *slog.Logger
	warn     rate.Sometimes // what may happen on every message is logged once a second
	banned   rate.Sometimes // a flood from everywhere must not fill the log
}

// Listener is one address that is served.
type Listener = legs.Listener

// Web is how WebSockets are served.
type Web struct {
	Greet  func(net.Conn) (early []byte, err error) // the upgrade of a connection to a listener of their own
	Frames func() stream.Codec                      // how messages stand in one
	Limits stream.Limits
}

// Apply replaces the settings. Messages under way finish with the old ones.
func (f *Front) Apply(s Settings) {
	f.applying.Lock()
	defer f.applying.Unlock()
	set := s.prepared()
	if old := f.settings.Load(); old != nil {
		set.group(append(slices.Clone(old.groups), old.Pool))
	}
	f.settings.Store(set)
	f.limits.apply(set)
	if f.pending != nil {
		f.pending.Apply(set.Pending)
	}
}

// Run serves until ctx ends and then returns nil. An error means that a socket was closed by somebody else, or that fields are missing.
func (f *Front) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := f.prepare(ctx); err != nil {
		return err
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	var all []error
	start := func(serve func() error) {
		wg.Go(func() {
			defer cancel() // one socket less is no service
			if err := serve(); err != nil {
				mu.Lock()
				defer mu.Unlock()
				all = append(all, err)
			}
		})
	}
	for _, g := range f.legs.All {
		if g.Streams == nil {
			continue
		}
		if err := g.Streams.Begin(ctx, &connections{ctx, f, g}); err != nil {
			return err
		}
	}
	for _, g := range f.legs.All {
		for i, s := range g.Socks {
			w := newWorker(ctx, f, g)
			w.shard = i
			start(func() error { return s.Run(ctx, w) })
		}
		if g.Streams != nil {
			start(func() error { return g.Streams.Serve() })
		}
	}
	wg.Go(func() { f.tend(ctx) })
	wg.Wait()
	f.parked.Wait()
	return errors.Join(all...)
}

func (f *Front) prepare(ctx context.Context) error {
	if f.Router == nil || len(f.External) == 0 || len(f.External)+len(f.Internal) > seal.MaxLegs {
		return fmt.Errorf("sip front: needs a router and 1 to %d sockets", seal.MaxLegs)
	}
	if f.Secrets.Current == (seal.Secret{}) {
		return errors.New("sip front: without a secret everybody could sign branches and hints")
	}
	if f.log = f.Log; f.log == nil {
		f.log = slog.New(slog.DiscardHandler)
	}
	f.warn, f.banned = rate.Sometimes{Interval: time.Second}, rate.Sometimes{Interval: time.Second}
	f.keys = f.Secrets.Keys()
	if f.settings.Load() == nil {
		f.Apply(Settings{})
	}
	f.applying.Lock()
	f.pending = pending.New(time.Now())
	f.pending.Apply(f.settings.Load().Pending)
	f.applying.Unlock()
	var err error
	f.legs, err = legs.New(legs.Plan{External: f.External, Internal: f.Internal, Aliases: f.Aliases, Local: wire.LocalAddrs(), Socket: f.socket, Pool: f.pool})
	if err != nil {
		return err
	}
	if f.Web.Greet == nil || f.Web.Frames == nil {
		for _, g := range f.legs.All {
			if g.Web() {
				return errors.New("sip front: has WebSockets, and not what serves them")
			}
		}
	}
	f.flows.Router, f.flows.Legs = f.Router, f.legs
	f.afloat.Life, f.afloat.Max = afloat, maxAfloat
	f.gone.Watch(f.Router.Views(), time.Now())
	f.names = &locate.Locator{Resolver: f.Resolver, Can: f.legs.Speaks(), Usable: f.legs.Leads}
	f.parked = park.New(ctx, f.names, func(list []waiting, err error) { f.unpark(ctx, list, err) })
	f.workers.New = func() any { return newWorker(ctx, f, nil) }
	f.ready.Store(true)
	return nil
}

func (f *Front) socket(c net.PacketConn, reports bool) *wire.Socket {
	return &wire.Socket{Conn: c, Log: f.Log, Errors: reports}
}

// pool serves the connections of a listener.
func (f *Front) pool(l Listener, t legs.Transport) *stream.Pool {
	p := &stream.Pool{Listener: l.Stream, Log: f.Log, Limits: f.Streams, Budget: &f.files, Exempt: f.knows}
	switch {
	case t.Web():
		p.Limits, p.Greet, p.Codec, p.Dial = f.Web.Limits, f.Web.Greet, f.Web.Frames, legs.Uncalled
	case t.Secure():
		if p.TLS = f.TLS; p.TLS == nil {
			p.TLS = func() *tls.Config { return nil }
		}
	}
	return p
}

// The pace of what has to be done in time.
const (
	tick  = 50 * time.Millisecond
	watch = 2 // ticks between two looks at the nodes
)

// tend does what is due for pending INVITEs.
func (f *Front) tend(ctx context.Context) {
	w := newWorker(ctx, f, f.legs.All[0])
	down := make(map[string]bool)
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		f.turn(w, n, down)
	}
}

// turn is tick n.
func (f *Front) turn(w *worker, n int, down map[string]bool) {
	f.pending.Tick(w.clock(), w)
	if n%watch == 0 {
		f.watchNodes(w, down)
		f.held.Sweep(w.clock())
		f.afloat.Sweep(w.clock())
	}
	if n%touchTicks == 0 {
		f.flows.Touch()
	}
	w.Flush()
}

// Drain refuses new dialogs from now on (503 with Retry-After) and returns when no call is left or ctx ends; established dialogs and what
// belongs to calls that are being set up are forwarded until Run ends.
func (f *Front) Drain(ctx context.Context) error {
	f.draining.Store(true)
	if f.Book == nil {
		return nil
	}
	ticker := time.NewTicker(drainPoll)
	defer ticker.Stop()
	for f.Book.Total() > 0 {
		select {
		case <-ctx.Done():
			return fmt.Errorf("sip drain: %d calls left: %w", f.Book.Total(), ctx.Err())
		case <-ticker.C:
		}
	}
	return nil
}

// drainPoll is how often Drain looks at the book.
const drainPoll = 200 * time.Millisecond
