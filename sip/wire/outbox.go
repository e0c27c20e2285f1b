package wire

import (
	"net/netip"
	"unsafe"
)

// Outbox collects datagrams for any number of sockets and sends those of one socket together, in the order they were put. It belongs to one
// goroutine. The zero Outbox is ready. In steady state it allocates nothing.
type Outbox struct {
	// Failed is told of each datagram that was not sent: ErrFull, ErrSize, or what makes the peer unreachable. The others go on. b is valid
	// during the call. It may put further datagrams; nil: nobody is told.
	Failed func(b []byte, to netip.AddrPort, err error)

	arena    []byte
	used     int
	spare    []byte // Room while flushing with a full arena
	lanes    []*lane
	flushing bool
}

// The sizes of an Outbox.
const (
	arenaSize = 512 << 10
	roomSize  = 64 << 10
	laneSize  = 64 // datagrams of one socket
)

// lane is what waits for one socket.
type lane struct {
	sock  *Socket
	queue []posted // never grows beyond its first capacity
	pack  pack
}

type posted struct {
	b  []byte
	to netip.AddrPort
}

// Room is where to build the next message by appending: empty, with room for 64 KiB at least. It is valid until the next call of Put, Room
// or Flush; Put takes a message built there without copying it.
func (o *Outbox) Room() []byte {
	if o.arena == nil {
		o.arena = make([]byte, arenaSize)
	}
	if len(o.arena)-o.used < roomSize {
		o.Flush()
	}
	if len(o.arena)-o.used >= roomSize {
		return o.arena[o.used:o.used]
	}
	if o.spare == nil {
		o.spare = make([]byte, roomSize)
	}
	return o.spare[:0]
}

// Put queues a message, and flushes when the Outbox is full. A message not built in Room is copied. ErrSize: longer than MaxSend. ErrFull:
// more was put by Failed during a flush than there is room for. What goes wrong later is told to Failed.
func (o *Outbox) Put(s *Socket, b []byte, to netip.AddrPort) error {
	if len(b) > MaxSend {
		return ErrSize
	}
	if o.arena == nil {
		o.arena = make([]byte, arenaSize)
	}
	l := o.lane(s)
	if len(l.queue) == cap(l.queue) { // flushing: else the last Put had emptied it
		return ErrFull
	}
	size := max(len(b), 1) // so that even empty messages use the arena up
	if start, inside := o.place(b); inside {
		o.used = start
	} else {
		if len(o.arena)-o.used < size {
			o.Flush()
		}
		if len(o.arena)-o.used < size {
			return ErrFull
		}
		copy(o.arena[o.used:], b)
	}
	end := o.used + len(b)
	l.queue = append(l.queue, posted{o.arena[o.used:end:end], to})
	o.used += size
	if len(l.queue) == cap(l.queue) {
		o.Flush()
	}
	return nil
}

// place tells whether b lies in the free part of the arena, and where.
func (o *Outbox) place(b []byte) (int, bool) {
	if cap(b) == 0 {
		return 0, false
	}
	at := uintptr(unsafe.Pointer(unsafe.SliceData(b)))
	base := uintptr(unsafe.Pointer(unsafe.SliceData(o.arena)))
	if at < base+uintptr(o.used) || at+uintptr(max(len(b), 1)) > base+uintptr(len(o.arena)) {
		return 0, false
	}
	return int(at - base), true
}

func (o *Outbox) lane(s *Socket) *lane {
	for _, l := range o.lanes {
		if l.sock == s {
			return l
		}
	}
	s.once.Do(s.open)
	l := &lane{sock: s, queue: make([]posted, 0, laneSize)}
	o.lanes = append(o.lanes, l)
	return l
}

// Flush sends everything, without waiting.
func (o *Outbox) Flush() {
	if o.flushing || o.used == 0 {
		return
	}
	o.flushing = true
	for again := true; again; { // Failed may put more
		again = false
		for i := 0; i < len(o.lanes); i++ {
			l := o.lanes[i]
			n := len(l.queue)
			if n == 0 {
				continue
			}
			again = true
			o.send(l, l.queue)
			l.queue = l.queue[:copy(l.queue, l.queue[n:])]
		}
	}
	o.used, o.flushing = 0, false
}

// send sends what is in queue; whatever fails is skipped, and it alone.
func (o *Outbox) send(l *lane, queue []posted) {
	l.pack.fill(l.sock, queue)
	tries := 0
	for i := 0; i < len(queue); {
		sent, err := l.pack.transmit(l.sock, queue, i)
		i += sent
		if sent > 0 {
			tries = 0
		}
		if err == nil {
			continue
		}
		if l.sock.perhapsOld(err, tries) {
			tries++
			continue
		}
		if p := queue[i]; o.Failed != nil {
			o.Failed(p.b, p.to, explain(err, p.to))
		}
		i++
		tries = 0
	}
}
