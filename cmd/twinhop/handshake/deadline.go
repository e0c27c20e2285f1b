package handshake

import (
	"sync"
	"time"
)

// deadline is a time at which everybody who waits is woken.
type deadline struct {
	mu    sync.Mutex // guards what follows
	timer *time.Timer
	over  chan struct{} // closed when the time has come
}

// done is closed when the time has come, and stays so till there is another one.
func (d *deadline) done() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.channel()
}

func (d *deadline) channel() chan struct{} {
	if d.over == nil {
		d.over = make(chan struct{})
	}
	return d.over
}

// set gives another time; zero: none.
func (d *deadline) set(at time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timer != nil && !d.timer.Stop() {
		<-d.over // it is about to be closed
	}
	d.timer = nil
	select {
	case <-d.channel():
		d.over = make(chan struct{})
	default:
	}
	if at.IsZero() {
		return
	}
	over := d.over
	if wait := time.Until(at); wait > 0 {
		d.timer = time.AfterFunc(wait, func() { close(over) })
		return
	}
	close(over)
}

// SetDeadline has Accept end at a time, with os.ErrDeadlineExceeded, as that of
// a net.TCPListener does; zero: never. Handshakes go on, and what has shaken
// hands waits for the next Accept.
func (l *Listener) SetDeadline(at time.Time) error {
	l.late.set(at)
	return nil
}
