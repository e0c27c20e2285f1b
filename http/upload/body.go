package upload

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

// A body of known length must come at minRate bytes a second on average over
// rateWindow of waiting for it.
const (
	minRate    = 240
	rateWindow = 10 * time.Second
)

var longAgo = time.Unix(1, 0)

// errSlow means that a client sends its body so slowly that it holds on to a
// node for nothing.
var errSlow = fmt.Errorf("body comes too slowly: %w", os.ErrDeadlineExceeded)

// A Body reads what the client sends, bounds each of its pauses, and can
// be closed from another goroutine to end a Read.
type Body struct {
	// From is the body as net/http gives it, Writer and Control the answer to it.
	From    io.ReadCloser
	Writer  http.ResponseWriter
	Control *http.ResponseController
	// Stall bounds each pause. Paced: the length is known, so there is no
	// reason to dawdle. Expects: it came after 100 Continue.
	Stall          time.Duration
	Paced, Expects bool

	touched bool
	cut     atomic.Bool // Close was called
	ended   atomic.Bool // the body was read to its end: net/http reads on, and must not be disturbed

	waited time.Duration // of the present window
	came   int
}

// Read implements io.Reader. Its errors that mean a slow client tell Timeout.
func (b *Body) Read(p []byte) (int, error) {
	b.touched = true
	start := time.Now()
	b.Control.SetReadDeadline(start.Add(b.Stall))
	if b.cut.Load() {
		b.Control.SetReadDeadline(longAgo) // Close came first, and was overwritten just now
	}
	n, err := b.From.Read(p)
	if err == io.EOF {
		b.ended.Store(true)
		b.Control.SetReadDeadline(time.Time{}) // net/http goes on reading, to see the client leave
	}
	b.waited += time.Since(start)
	b.came += n
	if b.waited > rateWindow {
		if b.Paced && err == nil && b.came < minRate*int(b.waited/time.Second) {
			return n, errSlow
		}
		b.waited, b.came = 0, 0
	}
	return n, err
}

// Touched tells whether something was read of it, or tried to: who gets the body
// now does not get all of it.
func (b *Body) Touched() bool { return b.touched }

// Close ends a Read in progress and makes later ones fail.
func (b *Body) Close() error {
	if b.ended.Load() {
		return nil
	}
	b.cut.Store(true)
	return b.Control.SetReadDeadline(longAgo)
}

// Stopped tells whether Close ended the reading early.
func (b *Body) Stopped() bool { return b.cut.Load() }

// Finish gives a client whose body was not wanted a moment to stop sending, so
// that closing the connection does not take the answer away from it. Closed it
// is: nobody knows any more where the next request begins.
func (b *Body) Finish() {
	if !b.cut.Load() {
		return
	}
	b.last()
	b.Control.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
	if b.Expects { // else net/http waits itself before it closes
		b.Control.Flush()
		io.Copy(io.Discard, b.From)
	}
}

// last has net/http close the connection after the answer, and wait a moment
// between ending its own side and that. It does so by itself only where it finds
// out that it was told to stop reading, and it mostly does not. A body that
// exceeds its limit is the one way to say it.
func (b *Body) last() {
	over := http.MaxBytesReader(b.Writer, io.NopCloser(strings.NewReader("..")), 1)
	io.Copy(io.Discard, over)
}
