package memstore

// table is a hash table with linear probing. It holds pointers beside their
// full hashes, so that probing reads no entry in vain, and its slots can be
// visited a few at a time, which a map's cannot.
type table[T any] struct {
	slots []slot[T] // a power of two, at most three quarters of them used
	n     int
}

type slot[T any] struct {
	hash uint64
	p    *T // nil: unused
}

const minSlots = 8

// first returns the index of the first slot with this hash, -1 for none.
func (t *table[T]) first(hash uint64) int {
	if t.n == 0 {
		return -1
	}
	return t.from(int(hash)&(len(t.slots)-1), hash)
}

// next returns the index of the slot with this hash that follows i.
func (t *table[T]) next(i int, hash uint64) int {
	return t.from((i+1)&(len(t.slots)-1), hash)
}

func (t *table[T]) from(i int, hash uint64) int {
	for t.slots[i].p != nil {
		if t.slots[i].hash == hash {
			return i
		}
		i = (i + 1) & (len(t.slots) - 1)
	}
	return -1
}

// at returns the index of the slot that holds p, -1 for none.
func (t *table[T]) at(hash uint64, p *T) int {
	i := t.first(hash)
	for i >= 0 && t.slots[i].p != p {
		i = t.next(i, hash)
	}
	return i
}

// add inserts p, which must not be in the table.
func (t *table[T]) add(hash uint64, p *T) {
	if 4*(t.n+1) > 3*len(t.slots) {
		t.resize(max(minSlots, 2*len(t.slots)))
	}
	t.put(hash, p)
	t.n++
}

func (t *table[T]) put(hash uint64, p *T) {
	i := int(hash) & (len(t.slots) - 1)
	for t.slots[i].p != nil {
		i = (i + 1) & (len(t.slots) - 1)
	}
	t.slots[i] = slot[T]{hash, p}
}

func (t *table[T]) resize(size int) {
	old := t.slots
	t.slots = make([]slot[T], size)
	for _, s := range old {
		if s.p != nil {
			t.put(s.hash, s.p)
		}
	}
}

// clear empties slot i and moves back what was displaced by it, so that no
// gap ends a search too soon.
func (t *table[T]) clear(i int) {
	mask := len(t.slots) - 1
	for j := (i + 1) & mask; t.slots[j].p != nil; j = (j + 1) & mask {
		home := int(t.slots[j].hash) & mask
		if (j-home)&mask >= (j-i)&mask { // i lies between its home and where it is
			t.slots[i] = t.slots[j]
			i = j
		}
	}
	t.slots[i] = slot[T]{}
	t.n--
}

// remove takes p out and tells whether it was there.
func (t *table[T]) remove(hash uint64, p *T) bool {
	i := t.at(hash, p)
	if i >= 0 {
		t.clear(i)
	}
	return i >= 0
}

// shrink gives memory back after a flood.
func (t *table[T]) shrink() {
	if len(t.slots) > minSlots && 8*t.n < len(t.slots) {
		t.resize(max(minSlots, len(t.slots)/4))
	}
}
