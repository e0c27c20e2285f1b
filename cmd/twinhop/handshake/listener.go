package handshake

import (
	"container/list"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"
)

// Options bound and observe the handshakes of a listener. For numbers 0 means
// the default.
type Options struct {
	Config *tls.Config
	Proto  string // of what comes by TLS, for the metrics: HTTP or SIP
	// Plain is the line that who speaks HTTP without TLS is told, after 400;
	// empty: nothing.
	Plain   string
	Timeout time.Duration // for a whole handshake, 10 s
	// Max is how many handshakes go on at once, 1024. Beyond, the oldest is
	// given up: those who mean it are done in two round trips, so it is one of
	// those who only hold on.
	Max     int
	Metrics *Metrics     // nil: nobody is told
	Log     *slog.Logger // nil: silent
}

// Listener is a net.Listener whose connections are *tls.Conn that have shaken
// hands. It begins to accept with the first Accept. Close waits for what it
// started.
type Listener struct {
	plain net.Listener
	o     Options
	ready chan result
	gone  chan struct{} // closed by Close
	work  sync.WaitGroup
	diary diary
	late  deadline // of Accept

	mu      sync.Mutex // guards what follows
	started bool
	closed  bool
	open    list.List // *attempt, the oldest in front
}

type result struct {
	conn net.Conn
	err  error
}

// attempt is a connection that shakes hands.
type attempt struct {
	raw     net.Conn
	place   *list.Element
	crowded bool // given up to make room
}

// New makes a Listener over a plain one. It starts nothing.
func New(plain net.Listener, o Options) *Listener {
	if o.Timeout <= 0 {
		o.Timeout = 10 * time.Second
	}
	if o.Max <= 0 {
		o.Max = 1024
	}
	return &Listener{plain: plain, o: o, ready: make(chan result), gone: make(chan struct{}), diary: diary{log: o.Log, metrics: o.Metrics, proto: o.Proto}}
}

// Addr is that of the plain listener.
func (l *Listener) Addr() net.Addr { return l.plain.Addr() }

// Accept returns the next connection that has shaken hands.
func (l *Listener) Accept() (net.Conn, error) {
	l.start()
	late := l.late.done()
	select {
	case <-late: // whatever is there besides
		return nil, os.ErrDeadlineExceeded
	default:
	}
	select {
	case r := <-l.ready:
		return r.conn, r.err
	case <-l.gone:
		return nil, net.ErrClosed
	case <-late:
		return nil, os.ErrDeadlineExceeded
	}
}

func (l *Listener) start() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.started && !l.closed {
		l.started = true
		l.work.Go(l.accept)
	}
}

// accept takes connections until the plain listener is closed. Whoever calls
// Accept gets its other errors, and says with the next call that it goes on.
func (l *Listener) accept() {
	for {
		c, err := l.plain.Accept()
		switch {
		case err == nil:
			if a := l.enter(c); a != nil {
				l.work.Go(func() { l.shake(a) })
			}
		case !l.give(result{err: err}) || errors.Is(err, net.ErrClosed):
			return
		}
	}
}

// give hands a result over, unless nobody will take one any more.
func (l *Listener) give(r result) bool {
	select {
	case l.ready <- r:
		return true
	case <-l.gone:
		return false
	}
}

// enter makes room for a handshake. nil: the listener is closed.
func (l *Listener) enter(c net.Conn) *attempt {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		c.Close()
		return nil
	}
	if l.open.Len() >= l.o.Max {
		oldest := l.open.Remove(l.open.Front()).(*attempt)
		oldest.crowded = true
		oldest.raw.Close()
	}
	a := &attempt{raw: c}
	a.place = l.open.PushBack(a)
	return a
}

// leave tells whether the attempt was given up by us.
func (l *Listener) leave(a *attempt) (crowded, closed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open.Remove(a.place) // nothing if it was taken out
	return a.crowded, l.closed
}

func (l *Listener) shake(a *attempt) {
	a.raw.SetDeadline(time.Now().Add(l.o.Timeout))
	c := tls.Server(a.raw, l.o.Config)
	err := c.Handshake()
	crowded, closed := l.leave(a)
	if err == nil && !crowded {
		a.raw.SetDeadline(time.Time{})
		if !l.give(result{conn: c}) {
			a.raw.Close()
		}
		return
	}
	if !closed {
		why := cause(err, crowded)
		if why == causeHTTP && l.o.Plain == "" {
			why = causeNotTLS // nothing here has to do with HTTP
		}
		l.diary.failed(why, a.raw.RemoteAddr(), err)
		part(a.raw, why, l.o.Plain)
	}
	a.raw.Close()
}

// Close closes the plain listener, gives up the handshakes that go on, and
// waits for their goroutines.
func (l *Listener) Close() error {
	err := l.plain.Close()
	l.mu.Lock()
	if !l.closed {
		l.closed = true
		close(l.gone)
		for e := l.open.Front(); e != nil; e = e.Next() {
			e.Value.(*attempt).raw.Close()
		}
	}
	l.mu.Unlock()
	l.work.Wait()
	return err
}
