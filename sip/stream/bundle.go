package stream

import (
	"iter"
	"sync"
)

// bundle is messages one after another, and how much of them was written. The nil bundle is empty.
type bundle struct {
	data []byte
	ends []end
	done int // bytes of data the system has taken
}

// end is where a message ends in the data of its bundle.
type end struct {
	at   int
	mute bool // no message: nobody wants to know whether it is lost
}

var bundles = sync.Pool{New: func() any { return new(bundle) }}

// bundleKept is the largest bundle used again, in bytes.
const bundleKept = 64 << 10

func newBundle(b []byte) *bundle {
	p := bundles.Get().(*bundle)
	p.add(b, false)
	return p
}

func (p *bundle) add(b []byte, mute bool) {
	p.data = append(p.data, b...)
	p.ends = append(p.ends, end{len(p.data), mute})
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
		from := 0
		for _, e := range p.ends {
			if e.at > p.done && !e.mute && !yield(p.data[from:e.at:e.at]) {
				return
			}
			from = e.at
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
