package pending

import "math/bits"

// wheel keeps INVITEs by when they have to be looked at. Slots of level 0 are a unit long, those of the next levels 64 times as long; what
// is farther away than the wheel reaches waits in its last slot. An INVITE is looked at when its slot comes, and put back if it was early.
type wheel struct {
	slots [levels][64]*Invite
	used  [levels]uint64 // slots that are not empty
	base  int64          // the unit that was looked at last
}

const (
	levels   = 3
	unitBits = 23 // 8.4 ms
)

// put links x so that it is taken at due or before. The wheel turns when it is empty, too, by the time given.
func (w *wheel) put(x *Invite, due, now int64) {
	if w.used == [levels]uint64{} {
		w.base = max(w.base, now>>unitBits)
	}
	unit := max(due>>unitBits, w.base)
	level, at := 0, unit
	switch {
	case unit-w.base < 64:
	case unit>>6-w.base>>6 < 64:
		level, at = 1, unit>>6
	default:
		level, at = 2, min(unit>>12, w.base>>12+63)
	}
	at &= 63
	x.due, x.slot = due, int16(level<<6|int(at))
	first := w.slots[level][at]
	if x.before, x.after = nil, first; first != nil {
		first.before = x
	}
	w.slots[level][at] = x
	w.used[level] |= 1 << at
}

// drop unlinks x.
func (w *wheel) drop(x *Invite) {
	if x.slot < 0 {
		return
	}
	level, at := x.slot>>6, x.slot&63
	if x.after != nil {
		x.after.before = x.before
	}
	if x.before != nil {
		x.before.after = x.after
	} else if w.slots[level][at] = x.after; x.after == nil {
		w.used[level] &^= 1 << at
	}
	x.before, x.after, x.slot = nil, nil, -1
}

// take unlinks everything whose slot has come, and returns it as a list by after.
func (w *wheel) take(now int64) (list *Invite) {
	unit := max(now>>unitBits, w.base)
	for level := range levels {
		from, to := w.base>>(6*level), unit>>(6*level)
		if level > 0 {
			from++ // the present one was emptied when it came
		}
		for come := w.used[level] & window(from, to-from+1); come != 0; come &= come - 1 {
			at := bits.TrailingZeros64(come)
			for x := w.slots[level][at]; x != nil; {
				after := x.after
				x.before, x.after, x.slot = nil, list, -1
				list, x = x, after
			}
			w.slots[level][at] = nil
			w.used[level] &^= 1 << at
		}
	}
	w.base = unit
	return list
}

// window has a bit for each of n slots from the one given.
func window(from, n int64) uint64 {
	switch {
	case n <= 0:
		return 0
	case n >= 64:
		return ^uint64(0)
	}
	return bits.RotateLeft64(1<<n-1, int(from&63))
}

// soonest is when something may have to be looked at: not later than that is due, or never.
func (w *wheel) soonest() int64 {
	at := int64(never)
	for level, used := range w.used {
		if used != 0 {
			from := w.base >> (6 * level)
			ahead := bits.TrailingZeros64(bits.RotateLeft64(used, -int(from&63)))
			at = min(at, (from+int64(ahead))<<(unitBits+6*level))
		}
	}
	return at
}
