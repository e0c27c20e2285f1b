package stream

import "sync/atomic"

// Budget bounds the connections of several pools together by the files that the process may have open: strangers who connect must leave
// files for what the gateway itself opens, and for everything else. The zero Budget is ready.
type Budget struct {
	Files int // that the process may have open; 0: what the system says. It is set before the first pool begins

	accepted, dialled atomic.Int64
}

// The shares of the files, in percent.
const (
	acceptedShare = 60
	dialledShare  = 20
)

// take counts one more connection; false: there are too many.
func (b *Budget) take(dialled bool) bool {
	n, share := &b.accepted, acceptedShare
	if dialled {
		n, share = &b.dialled, dialledShare
	}
	files := b.Files
	if files <= 0 {
		files = openFiles()
	}
	if n.Add(1) > max(1, int64(files)*int64(share)/100) {
		n.Add(-1)
		return false
	}
	return true
}

func (b *Budget) free(dialled bool) {
	if dialled {
		b.dialled.Add(-1)
	} else {
		b.accepted.Add(-1)
	}
}
