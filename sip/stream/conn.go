package stream

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Conn is one connection. Its methods may be called by any goroutine, also after it has ended.
type Conn struct {
	pool    *Pool
	id      uint64
	peer    Peer
	dialled bool
	codec   Codec
	plain   bool // it wraps nothing: messages are written as they are

	aliases []Peer // guarded by the lock of the pool

	keep    atomic.Int64  // what Keep set, in nanoseconds
	heard   atomic.Uint64 // reads that brought something
	closing atomic.Bool   // nothing more is handed to Message

	mu      sync.Mutex
	conn    net.Conn  // nil while dialling
	bottom  net.Conn  // the socket that it stands on, or itself
	tls     *tls.Conn // nil: it is plain
	socket  *direct   // of bottom; nil: it is no socket
	direct  *direct   // writes without waiting; nil: this connection cannot
	local   netip.AddrPort
	due     time.Time     // the read deadline; zero = none
	said    bool          // there were last bytes of the codec, which a reset would take back
	ended   bool          // nothing more is queued
	until   time.Time     // once ended: when all must be written
	broken  error         // why writing or connecting failed
	writing bool          // a writer is at work
	written chan struct{} // closed when it has done its work; nil: nobody waits for that
	waiting *bundle       // queued and not yet taken by the writer; nil = none
	flight  *bundle       // what the writer is writing
	unsure  *bundle       // written since the peer was last heard
	heardAt uint64        // heard at the time of the first of unsure
	stale   bool          // no message was added to unsure since the reader last looked
	watched bool          // the reader will wake soon to look at unsure
}

// ID names the connection within this process; no other has had it since Run.
func (s *Conn) ID() uint64 { return s.id }

// Peer is the address of the other end.
func (s *Conn) Peer() netip.AddrPort { return s.peer.Addr }

// Local is the address of our end, zero while it is being dialled.
func (s *Conn) Local() netip.AddrPort {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.local
}

// Dialled tells who opened the connection: true = we did.
func (s *Conn) Dialled() bool { return s.dialled }

// Keep lets the peer be silent for d if that is longer than Limits.Idle; 0 takes it back. It counts from the last message or ping.
func (s *Conn) Keep(d time.Duration) { s.keep.Store(int64(min(d, forever))) }

// Send writes one message on this connection and no other. It never waits: what cannot be written at once is copied and queued. ErrFull:
// too much is waiting; ErrSize: the message is larger than a queue; anything else: the connection has ended. What fails after that,
// Handler.Lost is told.
func (s *Conn) Send(b []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.send(b)
}

// Close ends the connection: nothing more is handed to Message, what was queued is still written within Limits.Write, or Lost. It does
// not wait.
func (s *Conn) Close() {
	s.pool.forget(s)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.part(nil)
	s.closing.Store(true) // a reader that saw it before would end the connection without those bytes
	s.wake(time.Unix(1, 0))
}

// part says the last bytes of the codec, and lets nothing more be queued. The lock is held.
func (s *Conn) part(why error) {
	defer s.finishing()
	if s.ended {
		return
	}
	p := newBundle()
	defer p.free()
	if p.data = s.codec.Close(p.data, why); len(p.data) > 0 {
		s.said = true
		s.put(p.data, 0)
	}
}

// finishing lets nothing more be queued, and sets when what is must be written. The lock is held.
func (s *Conn) finishing() {
	if !s.ended || s.until.IsZero() {
		s.ended, s.until = true, time.Now().Add(s.pool.limits.Write)
	}
	if s.writing {
		s.conn.SetWriteDeadline(s.until)
	}
}

// leaveTime is what the last bytes of a codec have at the end of Run where the system does not take them at once, as with TLS.
const leaveTime = 200 * time.Millisecond

// abort is for the end of Run: what was queued is dropped, and the connection is closed at once, or as soon as the codec's last bytes have
// been said to a peer who was met.
func (s *Conn) abort(met bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if met && s.conn != nil && !s.writing {
		s.part(ErrLeaving)
	}
	s.ended = true
	s.closing.Store(true)
	switch {
	case s.conn == nil:
	case s.said && s.writing:
		s.until = earlier(s.until, time.Now().Add(leaveTime))
		s.conn.SetWriteDeadline(s.until)
		s.wake(time.Unix(1, 0))
	default:
		s.hangUp()
	}
}

// wake sees to it that the reader looks up at a time, or earlier. The lock is held.
func (s *Conn) wake(at time.Time) {
	if s.conn != nil && (s.due.IsZero() || at.Before(s.due)) {
		s.due = at
		s.conn.SetReadDeadline(at)
		if s.tls != nil && !s.writing {
			s.restDeadline()
		}
	}
}

// restDeadline sets the deadline of writing while no writer is at work: none, for it would stop direct writing. TLS has one, some time after that
// of reading: its reader writes too, when the peer asks for new keys, and would wait for ever for a peer that does not read. The lock is held.
func (s *Conn) restDeadline() {
	var at time.Time
	if s.tls != nil {
		at = time.Now()
		if s.due.After(at) {
			at = s.due
		}
		at = at.Add(s.pool.limits.Write)
	}
	s.conn.SetWriteDeadline(at)
}

// serve reads a connection from its first byte to its end. early is what was read of it before.
func (s *Conn) serve(early []byte) {
	t := s.pool
	if s.dialled {
		t.counted.dialled.Add(1)
	} else {
		t.counted.accepted.Add(1)
	}
	t.counted.open.Add(1)
	s.mu.Lock()
	if s.waiting != nil && !s.writing {
		s.write()
	}
	s.mu.Unlock()
	r := reader{s: s, conn: s.conn, codec: s.codec}
	err := r.run(early)
	r.in.release()
	s.finish(err)
	t.handler.Closed(s)
	t.drop(s)
	t.counted.open.Add(-1)
}

// finish ends a connection after its reader did, for the reason given: errDone and io.EOF are orderly.
func (s *Conn) finish(why error) {
	t := s.pool
	t.forget(s)
	orderly := why == errDone || why == errEOF
	s.mu.Lock()
	s.finishing()
	if !orderly && s.broken == nil {
		s.broken = why
	}
	if s.broken != nil {
		s.hangUp() // the writer fails at once
	}
	var written chan struct{}
	if s.writing {
		written = make(chan struct{})
		s.written = written
	}
	s.mu.Unlock()
	if written != nil {
		<-written
	}
	// From here on nobody else uses what the lock guards, but for readers of ended and local.
	if s.broken == nil {
		s.settle(why == errEOF)
	}
	s.hangUp()
	s.report()
}

// report tells the handler what was lost, oldest first.
func (s *Conn) report() {
	t := s.pool
	s.mu.Lock()
	broken := s.broken
	unsure, flight, waiting := s.unsure, s.flight, s.waiting
	s.unsure, s.flight, s.waiting = nil, nil, nil
	s.mu.Unlock()
	if broken != nil && t.ctx.Err() == nil {
		err := fmt.Errorf("send to %s: %w", s.peer.Addr, broken)
		if unsure != nil && s.heard.Load() == s.heardAt {
			t.lost(s, unsure, fmt.Errorf("%w: %w", ErrUnsure, err))
		}
		t.lost(s, flight, err)
		t.lost(s, waiting, err)
	}
	unsure.free()
	flight.free()
	waiting.free()
}

// lost hands over those messages of a bundle that were not written whole, or were written but are not known to have arrived.
func (t *Pool) lost(s *Conn, p *bundle, err error) {
	for b := range p.messages() {
		t.counted.lost.Add(1)
		t.handler.Lost(s.peer.Addr, b, err)
	}
}
