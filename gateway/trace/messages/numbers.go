package messages

import (
	"slices"
	"sync"
	"sync/atomic"
)

// maxNames bounds a list of names. What comes later has none.
const maxNames = 1 << 12

// numbers gives numbers to what stands in entries again and again, so that those are small and hold nothing that the garbage collector has to
// follow. A number stays good for ever. 0 is the zero value's.
type numbers[K comparable] struct {
	known atomic.Pointer[known[K]]
	mu    sync.Mutex // of who adds
}

type known[K comparable] struct {
	list []K // by number
	of   map[K]uint16
}

// firstNames are looked through before the map is asked: most gateways have few nodes and fewer sockets.
const firstNames = 5

// number is that of k. It allocates only when k is new.
func (n *numbers[K]) number(k K) uint16 {
	var none K
	if k == none {
		return 0
	}
	if t := n.known.Load(); t != nil {
		for i, other := range t.list[:min(len(t.list), firstNames)] {
			if other == k {
				return uint16(i)
			}
		}
		if i, ok := t.of[k]; ok || len(t.list) >= maxNames {
			return i
		}
	}
	return n.add(k)
}

// add makes a new list, and leaves the old one to who reads it.
func (n *numbers[K]) add(k K) uint16 {
	n.mu.Lock()
	defer n.mu.Unlock()
	t := &known[K]{list: make([]K, 1), of: map[K]uint16{}}
	if old := n.known.Load(); old != nil {
		if i, ok := old.of[k]; ok || len(old.list) >= maxNames {
			return i
		}
		t.list = slices.Clone(old.list)
		for i, other := range t.list[1:] {
			t.of[other] = uint16(i + 1)
		}
	}
	i := uint16(len(t.list))
	t.list, t.of[k] = append(t.list, k), i
	n.known.Store(t)
	return i
}

// name is what has the number.
func (n *numbers[K]) name(i uint16) (k K) {
	if t := n.known.Load(); t != nil && int(i) < len(t.list) {
		k = t.list[i]
	}
	return k
}
