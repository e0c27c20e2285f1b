package stream

import (
	"iter"
	"sync"
)

// bundle is messages one after another, as a Codec wrapped them, and how much of that was written. The nil bundle is empty.
type bundle struct {
	data []byte
	ends []end
	done int // bytes of data the system has taken
}

// end is where a message ends in the data of its bundle.
type end struct {
	at   int
	size int // of the message itself, which ends there; 0: it is mute, and nobody wants to know whether it is lost
}

var bundles = sync.Pool{New: func() any { return new(bundle) }}

// bundleKept is the largest bundle used again, in bytes.
const bundleKept = 64 << 10

func newBundle() *bundle { return bundles.Get().(*bundle) }

// add appends b, which ends with a message of that size.
func (p *bundle) add(b []byte, size int) {
	p.data = append(p.data, b...)
	p.ends = append(p.ends, end{len(p.data), size})
}

// left is how many bytes are not written.
func (p *bundle) left() int {
	if p == nil {
		return 0
	}
	return len(p.data) - p.done
}

// messages gives those not written whole; what is mute is left out.
func (p *bundle) messages() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		if p == nil {
			return
		}
		for _, e := range p.ends {
			if e.at > p.done && e.size > 0 && !yield(p.data[e.at-e.size:e.at:e.at]) {
				return
			}
		}
	}
}

func (p *bundle) free() {
	if p == nil || cap(p.data) > bundleKept {
		return
	}
	p.data, p.ends, p.done = p.data[:0], p.ends[:0], 0
	bundles.Put(p)
}
