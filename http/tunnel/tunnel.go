package tunnel

import (
	"bufio"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"twinhop/http/head"
)

// size is how much a tunnel holds each way. There may be thousands, most of
// them silent.
const size = 4 << 10

// A Set is the tunnels of one front. The zero value is an empty one.
type Set struct {
	running sync.WaitGroup

	mu     sync.Mutex // guards what follows
	closed bool
	all    map[*Tunnel]struct{}
}

// A Tunnel passes bytes between a client and a node after 101.
type Tunnel struct {
	Client net.Conn
	Early  *bufio.Reader // what the client sent, from the first byte
	Node   io.ReadWriteCloser
	Idle   time.Duration // how long it may be silent both ways

	last atomic.Int64 // when a byte last came from either side, UnixNano
	once sync.Once
}

// Open lets tunnels begin again after Close.
func (t *Set) Open() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = false
}

// Add tells whether the tunnel may run; then it must be removed.
func (t *Set) Add(u *Tunnel) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return false
	}
	if t.all == nil {
		t.all = make(map[*Tunnel]struct{})
	}
	t.all[u] = struct{}{}
	t.running.Add(1)
	return true
}

// Remove takes a tunnel out that was added.
func (t *Set) Remove(u *Tunnel) {
	t.mu.Lock()
	delete(t.all, u)
	t.mu.Unlock()
	t.running.Done()
}

// Close ends all tunnels and waits for them. None begins until Open.
func (t *Set) Close() {
	t.mu.Lock()
	t.closed = true
	for u := range t.all {
		u.Close()
	}
	t.mu.Unlock()
	t.running.Wait()
}

// Run passes bytes both ways until either side ends.
func (t *Tunnel) Run() {
	t.last.Store(time.Now().UnixNano())
	var up sync.WaitGroup
	up.Go(func() { t.pass(t.Node, t.Early, t.Client) })
	t.pass(t.Client, t.Node, t.Node)
	up.Wait()
	t.Close()
}

// Close ends the tunnel.
func (t *Tunnel) Close() {
	t.once.Do(func() {
		t.Client.Close()
		t.Node.Close()
	})
}

// pass copies from src, whose connection is conn, to dst. At the end of src it
// ends dst's direction, so that what the other side still says arrives; any
// error ends the tunnel.
func (t *Tunnel) pass(dst io.Writer, src io.Reader, conn any) {
	buf := make([]byte, size)
	timed, _ := conn.(interface{ SetReadDeadline(time.Time) error })
	for {
		if timed != nil {
			timed.SetReadDeadline(time.Now().Add(t.Idle))
		}
		k, err := src.Read(buf)
		if k > 0 {
			t.last.Store(time.Now().UnixNano())
			if _, werr := dst.Write(buf[:k]); werr != nil {
				t.Close()
				return
			}
		}
		switch {
		case err == nil:
		case head.Timeout(err) && time.Since(time.Unix(0, t.last.Load())) < t.Idle:
			// The other direction is alive.
		case err == io.EOF && closeWrite(dst):
			return
		default:
			t.Close()
			return
		}
	}
}

func closeWrite(w io.Writer) bool {
	c, ok := w.(interface{ CloseWrite() error })
	return ok && c.CloseWrite() == nil
}
