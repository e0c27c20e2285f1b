package hep

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"twinhop/gateway/trace/messages"
)

const (
	maxQueued = 1024                  // messages that wait
	maxData   = 16 << 10              // bytes of one: of a longer one the rest is not sent
	keepData  = 4 << 10               // bytes of room that a place in the queue keeps
	sendEvery = 20 * time.Millisecond // unless the queue is half full before
	dialAgain = 10 * time.Second      // after a failure; the name of the server is looked up again
	warnAgain = time.Minute
	maxCall   = 512 // bytes of a Call-ID
	maxKnown  = 4096
	keepKnown = time.Minute
)

// Exporter sends messages to a server. A nil *Exporter sends nothing. Fields
// are set before first use. Message and the metrics are safe for concurrent
// use.
type Exporter struct {
	Addr     string // host:port
	ID       uint32 // of this gateway
	Password string // empty: none
	Node     string // name of this gateway; empty: none
	// Own is the address that the system uses toward a peer, for sockets bound
	// to all addresses. Only Run asks, and remembers. nil, or an address that is
	// not valid: that is not known.
	Own func(peer netip.Addr) netip.Addr
	Log *slog.Logger // nil: nothing is logged

	mu     sync.Mutex
	list   []waiting
	first  int
	length int

	half chan struct{} // the queue is half full
	once sync.Once

	sent, crowded, failed atomic.Uint64
	warned                time.Time
}

// waiting is a message in the queue.
type waiting struct {
	at          time.Time
	peer, local netip.AddrPort
	out, stream bool
	call, data  []byte
}

func (x *Exporter) ready() {
	x.once.Do(func() {
		x.list, x.half = make([]waiting, maxQueued), make(chan struct{}, 1)
	})
}

// Message queues a message, or drops it. It does not wait, and allocates only
// until the queue has grown.
func (x *Exporter) Message(m messages.Message) {
	if x == nil {
		return
	}
	x.ready()
	at := m.At
	if at.IsZero() {
		at = time.Now()
	}
	x.mu.Lock()
	if x.length == maxQueued {
		x.mu.Unlock()
		x.crowded.Add(1)
		return
	}
	w := &x.list[(x.first+x.length)%maxQueued]
	x.length++
	w.at, w.peer, w.local, w.out, w.stream = at, m.Peer, m.Local, m.Out, m.Transport != "udp"
	w.call = append(w.call[:0], m.Call[:min(len(m.Call), maxCall)]...)
	w.data = append(w.data[:0], m.Data[:min(len(m.Data), maxData)]...)
	half := x.length == maxQueued/2
	x.mu.Unlock()
	if half {
		select {
		case x.half <- struct{}{}:
		default:
		}
	}
}

// take is the message that waits longest. Its room is the caller's, who gives
// other room for it.
func (x *Exporter) take(room *waiting) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.length == 0 {
		return false
	}
	w := &x.list[x.first]
	if cap(room.data) > keepData {
		room.data = nil
	}
	*room, *w = *w, *room
	x.first = (x.first + 1) % maxQueued
	x.length--
	return true
}

// Run sends what is queued until ctx is done, and then what is left. That the
// server cannot be reached is no error.
func (x *Exporter) Run(ctx context.Context) error {
	x.ready()
	s := sender{x: x, agent: agent{x.ID, x.Password, x.Node}}
	defer s.close()
	tick := time.NewTicker(sendEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			s.all(context.WithoutCancel(ctx))
			return nil
		case <-tick.C:
		case <-x.half:
		}
		s.all(ctx)
	}
}

// sender is what only Run has.
type sender struct {
	x      *Exporter
	agent  agent
	conn   net.Conn
	dialed time.Time // when that was last tried
	room   waiting
	out    []byte

	known   map[netip.Addr]netip.Addr // see toward
	learned time.Time                 // since when
}

// all sends what is queued now.
func (s *sender) all(ctx context.Context) {
	for range maxQueued {
		if !s.x.take(&s.room) {
			return
		}
		if err := s.send(ctx); err != nil {
			s.x.failed.Add(1)
			s.x.warn(err)
			continue
		}
		s.x.sent.Add(1)
	}
}

func (s *sender) send(ctx context.Context) error {
	if s.conn == nil {
		if time.Since(s.dialed) < dialAgain {
			return fmt.Errorf("%s cannot be reached", s.x.Addr)
		}
		s.dialed = time.Now()
		ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		c, err := (&net.Dialer{}).DialContext(ctx, "udp", s.x.Addr)
		if err != nil {
			return err
		}
		s.conn = c
	}
	w := &s.room
	c := capture{at: w.at, stream: w.stream, call: string(w.call), text: messages.Mask(w.data)}
	peer, local := s.sides(w.peer, w.local)
	if c.from, c.to = peer, local; w.out {
		c.from, c.to = local, peer
	}
	s.out = c.appendTo(s.out[:0], &s.agent)
	_, err := s.conn.Write(s.out)
	if err != nil && time.Since(s.dialed) > dialAgain { // perhaps its name means another address by now
		s.close()
	}
	return err
}

func (s *sender) close() {
	if s.conn != nil {
		s.conn.Close()
		s.conn = nil
	}
}

// sides are the addresses of both ends, of one family.
func (s *sender) sides(peer, local netip.AddrPort) (netip.AddrPort, netip.AddrPort) {
	far, own := peer.Addr().Unmap().WithZone(""), local.Addr().Unmap().WithZone("")
	if !far.IsValid() {
		far = netip.IPv4Unspecified()
	}
	if !own.IsValid() || own.IsUnspecified() {
		own = s.toward(far)
	}
	if !own.IsValid() || own.Is4() != far.Is4() {
		own = netip.IPv4Unspecified()
		if far.Is6() {
			own = netip.IPv6Unspecified()
		}
	}
	return netip.AddrPortFrom(far, peer.Port()), netip.AddrPortFrom(own, local.Port())
}

// toward is the address that the system uses toward a peer. What is known of
// that is forgotten as a whole when it is full or old: routes change.
func (s *sender) toward(peer netip.Addr) netip.Addr {
	if s.x.Own == nil || peer.IsUnspecified() {
		return netip.Addr{}
	}
	if len(s.known) >= maxKnown || time.Since(s.learned) > keepKnown {
		s.known, s.learned = map[netip.Addr]netip.Addr{}, time.Now()
	}
	own, ok := s.known[peer]
	if !ok {
		own = s.x.Own(peer).Unmap()
		s.known[peer] = own
	}
	return own
}

// warn says, not too often, that messages are lost.
func (x *Exporter) warn(err error) {
	if x.Log == nil || time.Since(x.warned) < warnAgain {
		return
	}
	x.warned = time.Now()
	x.Log.Warn("messages do not reach the capture server", "peer", x.Addr, "err", err)
}
