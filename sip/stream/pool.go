package stream

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"sync"
)

// Handler is given what arrives on connections. Its methods are called by many goroutines, but Message, Garbled and Closed of one
// Conn one after the other, by the goroutine that reads it. All of them may call Send and Close.
type Handler interface {
	// Message is one whole message, from its start line to the end of its body. data is valid during the call and may be written to.
	// A head with bare CR, bare LF or NUL comes as it is: who refuses such a message should also Close, for its end is a guess.
	Message(s *Conn, data []byte)
	// Garbled is called when the bytes cannot be cut into messages any more: why is ErrLate, ErrHead, ErrLength, ErrMessage
	// or what else a Codec says, and data what is there of the message. An answer may be sent on s, which is closed after that was written.
	Garbled(s *Conn, data []byte, why error)
	// Lost is a message that Send took and that was not written whole: the peer refused or cut the connection, or took too long. Where
	// err is ErrUnsure it was written, and the peer may have read it. data is valid during the call. Never called from within Send.
	Lost(peer netip.AddrPort, data []byte, err error)
	// Closed comes once for each connection that was open: nothing more comes from s, and all of its Lost have been called.
	Closed(s *Conn)
}

// The errors of Send that say nothing about the peer.
var (
	ErrSize = errors.New("message does not fit into the queue of a connection")
	ErrFull = errors.New("the queue of the connection, or the number of dialled connections, is at its limit; the message is lost")
)

// ErrLeaving is what a Codec is told at the end of Run.
var ErrLeaving = errors.New("we leave")

// ErrUnsure goes with a message that had been written to a connection which then broke, before anything more was heard from the peer. TCP
// cannot tell whether the peer read it; what it would have answered on this connection will not arrive.
var ErrUnsure = errors.New("the connection broke after the message was written; the peer may have read it or not")

// errGone is what sending on a connection gives that has ended.
var errGone = fmt.Errorf("the connection has ended: %w", net.ErrClosed)

// Peer is whom a connection is to.
type Peer struct {
	Addr netip.AddrPort
	Name string // host that its certificate must be for; "": its address. Without TLS it is only a name
}

// Pool is all connections of one listening socket: those accepted, and those dialled from its address. The fields are set before Run.
type Pool struct {
	// Listener is opened and closed by the caller; without a SetDeadline method it must be closed when the context of Run ends. Connections
	// of one for TLS are *tls.Conn that have shaken hands. nil: there are only connections that are adopted or dialled.
	Listener net.Listener
	Name     string       // in metrics; "": tcp:// and the address of the listener
	Log      *slog.Logger // nil: silent
	Limits   Limits
	Exempt   func(netip.Addr) bool // sources without Limits.PerSource; nil: none
	// Greet is run on an accepted connection before it is found or read, on a goroutine of its own, for at most Limits.Greet. early is what
	// it read of the messages that follow. An error closes the connection, of which nobody else hears.
	Greet  func(net.Conn) (early []byte, err error)
	Dial   func(ctx context.Context, to Peer) (net.Conn, error) // nil: TCP from the address of the listener, with TLS on it if that is set
	TLS    func() *tls.Config                                   // of connections that are dialled, asked for each; its nil: there are none. nil: they are plain
	Codec  func() Codec                                         // nil: SIP as it stands in streams (RFC 3261 section 18.3)
	Budget *Budget                                              // shared with other pools; nil: one of its own
	LastID uint64                                               // of a connection before the first; 0: random, so ids of an earlier process mean nothing

	counted counters

	mu       sync.RWMutex
	ctx      context.Context // of Run; nil = not running
	cancel   context.CancelFunc
	handler  Handler
	limits   Limits // with the defaults filled in
	peers    map[Peer]*Conn
	ids      map[uint64]*Conn
	open     map[*Conn]struct{} // all whose goroutine has not ended, dialling or closing ones too
	sources  map[netip.Addr]int // accepted connections
	accepted int                // of open
	lastID   uint64
	running  sync.WaitGroup
}

// Run accepts and serves connections until ctx ends, and then returns nil, or until the listener is closed by somebody else, which is an
// error. All connections are closed and all goroutines have ended when it returns; what still waited to be written is dropped in silence,
// and a Codec says its last bytes.
func (t *Pool) Run(ctx context.Context, h Handler) error {
	if err := t.Begin(ctx, h); err != nil {
		return err
	}
	return t.Serve()
}

// Serve does what Run does after Begin.
func (t *Pool) Serve() error {
	t.mu.RLock()
	ctx, cancel := t.ctx, t.cancel
	t.mu.RUnlock()
	defer cancel()
	err := t.accept(ctx)
	cancel()
	t.end()
	return err
}

// Begin makes Send ready, which may be called from now on; Serve must follow. It is for who has several pools, of which each sends by the
// others: all begin before one of them serves.
func (t *Pool) Begin(ctx context.Context, h Handler) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ctx != nil {
		return errors.New("this pool is running already")
	}
	t.ctx, t.cancel = context.WithCancel(ctx)
	t.handler, t.limits = h, t.Limits.filled()
	if t.Budget == nil {
		t.Budget = new(Budget)
	}
	t.peers, t.ids, t.open = make(map[Peer]*Conn), make(map[uint64]*Conn), make(map[*Conn]struct{})
	t.sources, t.accepted = make(map[netip.Addr]int), 0
	if t.lastID = t.LastID; t.lastID == 0 {
		t.lastID = rand.Uint64()
	}
	return nil
}

func (t *Pool) end() {
	t.mu.Lock()
	open := make(map[*Conn]bool, len(t.open))
	for s := range t.open {
		open[s] = t.ids[s.id] == s
	}
	t.mu.Unlock()
	for s, met := range open {
		s.abort(met)
	}
	t.running.Wait() // nothing is added any more: the context has ended
	t.mu.Lock()
	t.ctx = nil
	t.mu.Unlock()
}

// Send is SendTo for a peer without a name.
func (t *Pool) Send(b []byte, to netip.AddrPort) error { return t.SendTo(b, Peer{Addr: to}) }

// SendTo writes one message to a peer: over the newest live connection with that address and name, accepted (without a name), dialled or by
// Alias, else over one it dials from the Listener's address. It never waits: what cannot be written at once is copied and queued. ErrFull
// and ErrSize are our own trouble: the queue of that connection, or the number of dialled connections, is at its limit, or the message is
// larger than a queue. What fails after that, Handler.Lost is told.
func (t *Pool) SendTo(b []byte, to Peer) error {
	to = to.clean()
	for {
		t.mu.RLock()
		s := t.peers[to]
		t.mu.RUnlock()
		if s == nil {
			done, err := t.call(b, to)
			if done || err != nil {
				return err
			}
			continue // somebody else was faster
		}
		if err := s.Send(b); !errors.Is(err, errGone) {
			return err
		}
		t.forget(s)
	}
}

// clean is a peer as the table has it.
func (p Peer) clean() Peer {
	return Peer{netip.AddrPortFrom(p.Addr.Addr().Unmap(), p.Addr.Port()), strings.ToLower(p.Name)}
}

// Connected tells whether there is a connection to a peer: SendTo would not have to make one, or wait for one that is being made.
func (t *Pool) Connected(to Peer) bool {
	t.mu.RLock()
	s := t.peers[to.clean()]
	t.mu.RUnlock()
	return s != nil && s.Local().IsValid()
}

// Leave closes the connections to an address, whatever the name, as Conn.Close does.
func (t *Pool) Leave(to netip.AddrPort) {
	to = Peer{Addr: to}.clean().Addr
	var leaving []*Conn
	t.mu.RLock()
	for p, s := range t.peers {
		if p.Addr == to {
			leaving = append(leaving, s)
		}
	}
	t.mu.RUnlock()
	for _, s := range leaving {
		s.Close()
	}
}

// maxAliases is how many peers may be reached by one connection beside its own.
const maxAliases = 8

// Alias has what is for a peer sent by a live connection from now on, as long as that lives (RFC 5923). It is false, and nothing changes,
// where another connection is the peer's already, or s has eight aliases. Who calls it has seen that the peer is who it says.
func (t *Pool) Alias(s *Conn, to Peer) bool {
	to = to.clean()
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.peers[to] == s:
		return true
	case t.peers[to] != nil || t.ids[s.id] != s || len(s.aliases) >= maxAliases:
		return false
	}
	t.peers[to] = s
	s.aliases = append(s.aliases, to)
	return true
}

// Find gives the connection with that ID while it is live, else nil.
func (t *Pool) Find(id uint64) *Conn {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.ids[id]
}

// add makes a Conn and counts it. The lock is held, and the pool is running.
func (t *Pool) add(peer Peer, dialled bool) *Conn {
	if t.lastID++; t.lastID == 0 {
		t.lastID++
	}
	s := &Conn{pool: t, id: t.lastID, peer: peer, dialled: dialled}
	if t.Codec != nil {
		s.codec = t.Codec()
	} else {
		s.codec, s.plain = &framer{head: t.limits.Head, message: t.limits.Message}, true
	}
	t.open[s] = struct{}{}
	if !dialled {
		t.accepted++
		t.sources[source(peer.Addr.Addr())]++
	}
	t.running.Add(1)
	return s
}

// publish lets a connection be found.
func (t *Pool) publish(s *Conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.peers[s.peer], t.ids[s.id] = s, s
}

// forget takes a connection out of the way of new messages.
func (t *Pool) forget(s *Conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, p := range append(s.aliases, s.peer) {
		if t.peers[p] == s {
			delete(t.peers, p)
		}
	}
	delete(t.ids, s.id)
}

// drop is the very end of a connection.
func (t *Pool) drop(s *Conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.open, s)
	t.Budget.free(s.dialled)
	if !s.dialled {
		t.accepted--
		from := source(s.peer.Addr.Addr())
		if t.sources[from]--; t.sources[from] == 0 {
			delete(t.sources, from)
		}
	}
}

// source is what the limit per source counts: an IPv4 address, or the IPv6 network that one customer is given.
func source(a netip.Addr) netip.Addr {
	if a.Is4() || !a.IsValid() {
		return a
	}
	p, err := a.WithZone("").Prefix(64)
	if err != nil {
		return a
	}
	return p.Addr()
}

// endpoint reads the address of a connection's end.
func endpoint(a net.Addr) netip.AddrPort {
	var p netip.AddrPort
	switch a := a.(type) {
	case nil:
	case *net.TCPAddr:
		p = a.AddrPort()
	default:
		p, _ = netip.ParseAddrPort(a.String())
	}
	return netip.AddrPortFrom(p.Addr().Unmap(), p.Port())
}
