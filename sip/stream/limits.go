package stream

import (
	"math"
	"sync/atomic"
	"time"
)

// Limits bounds what connections may take. Zero means the default named; a negative Total, PerSource, Pings, Idle or Partial means
// no limit.
type Limits struct {
	Total     int // accepted connections open at once, and dialled ones: 20,000 of each, but see Budget
	PerSource int // accepted connections of one IPv4 address or IPv6 /64: 256

	Idle    time.Duration // without a whole message or a ping: 120 s. Conn.Keep lengthens it
	Partial time.Duration // from the first byte of a message to its last: 5 s
	Head    int           // bytes of a message before its body: 64 KiB
	Message int           // bytes of a message: 65,535
	Pings   int           // CRLFCRLF in 10 s: 5

	Queue int           // bytes that wait to be written to one connection: 256 KiB
	Greet time.Duration // for Pool.Greet: 5 s

	Ping time.Duration // without anything heard, after which the peer is asked for a sign of life: never

	Connect   time.Duration // to be connected: 1 s
	Handshake time.Duration // of TLS with a peer we have connected to: 3 s
	Write     time.Duration // to write 64 KiB, and to write all that waits when a connection is closed: 2 s
}

// filled puts the defaults in.
func (l Limits) filled() Limits {
	l.Total = or(l.Total, 20000, math.MaxInt)
	l.PerSource = or(l.PerSource, 256, math.MaxInt)
	l.Idle = or(l.Idle, 120*time.Second, forever)
	l.Partial = or(l.Partial, 5*time.Second, forever)
	l.Head = or(l.Head, 64<<10, 64<<10)
	l.Message = or(l.Message, 65535, 65535)
	l.Pings = or(l.Pings, 5, math.MaxInt)
	l.Queue = or(l.Queue, 256<<10, 256<<10)
	l.Greet = or(l.Greet, 5*time.Second, 5*time.Second)
	l.Ping = or(l.Ping, forever, forever)
	l.Handshake = or(l.Handshake, 3*time.Second, 3*time.Second)
	l.Connect = or(l.Connect, time.Second, time.Second)
	l.Write = or(l.Write, 2*time.Second, 2*time.Second)
	return l
}

// forever is long, and can be added to the time of day.
const forever = 100 * 365 * 24 * time.Hour

func or[T int | time.Duration](v, zero, negative T) T {
	switch {
	case v == 0:
		return zero
	case v < 0:
		return negative
	}
	return v
}

// Stats counts what happened since the Pool was made; Open is what is so now.
type Stats struct {
	Open          int64 // connections
	Accepted      int64 // connections served
	Dialled       int64 // connections made
	DialFailed    int64 // connections not made
	RefusedTotal  int64 // closed at once for Limits.Total or the Budget
	RefusedSource int64 // closed at once for Limits.PerSource
	RefusedGreet  int64 // closed after an error of Pool.Greet
	AcceptFailed  int64 // errors of the listener
	Garbled       int64 // closed for bytes that are no messages
	TimedOut      int64 // closed for Limits.Idle or Partial
	PingFlood     int64 // closed for Limits.Pings
	Pings         int64 // answered
	Lost          int64 // messages given to Handler.Lost
}

// counters is Stats as it is counted.
type counters struct {
	open, accepted, dialled, dialFailed, refusedTotal, refusedSource, refusedGreet atomic.Int64
	acceptFailed, garbled, timedOut, pingFlood, pings, lost                        atomic.Int64
}

// Stats may be called at any time.
func (t *Pool) Stats() Stats {
	c := &t.counted
	return Stats{
		Open: c.open.Load(), Accepted: c.accepted.Load(), Dialled: c.dialled.Load(), DialFailed: c.dialFailed.Load(),
		RefusedTotal: c.refusedTotal.Load(), RefusedSource: c.refusedSource.Load(), RefusedGreet: c.refusedGreet.Load(), AcceptFailed: c.acceptFailed.Load(),
		Garbled: c.garbled.Load(), TimedOut: c.timedOut.Load(), PingFlood: c.pingFlood.Load(), Pings: c.pings.Load(), Lost: c.lost.Load(),
	}
}
