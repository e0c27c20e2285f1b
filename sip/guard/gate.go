package guard

import (
	"sync/atomic"
	"time"
)

// Class is how dear a message is when not all can be served. The classes are shed in this order.
type Class uint8

// The classes, each with the word String gives.
const (
	Probe    Class = iota // OPTIONS
	Message               // MESSAGE, SUBSCRIBE, PUBLISH and whatever else begins and ends with itself
	Register              // REGISTER
	Invite                // INVITE outside a dialog
	Never                 // ACK, BYE, CANCEL, PRACK and all that belongs to a dialog or transaction that was let in: it is never shed
	classCount
)

// Classes is how many values Class has.
const Classes = int(classCount)

var classWords = [classCount]string{"probe", "message", "register", "invite", "never"}

// String gives a fixed word, fit for a metric label.
func (c Class) String() string {
	if c >= classCount {
		return "unknown"
	}
	return classWords[c]
}

// kept is how many sixths of the bucket a class must leave for those after it. While one class alone asks for more than there is, the level
// stays where that class is shed in part, those before it wholly, and those after it find their share untouched.
var kept = [classCount]moment{Probe: 3, Message: 2, Register: 1, Invite: 0}

const keptOf = 6

// DefaultTransactions is the rate of a Gate to which none was applied.
const DefaultTransactions = 5000

// Gate bounds the new transactions of all sources together.
type Gate struct {
	pace atomic.Pointer[pace] // nil: the default; the zero pace: off
	full atomic.Int64         // the moment the bucket is full again
}

var defaultGate, _ = newPace(DefaultTransactions, 0)

// Apply sets the rate, in transactions a second; one second's worth may come at once. 0 = no limit.
func (g *Gate) Apply(rate int) {
	p, _ := newPace(rate, 0)
	g.pace.Store(&p)
}

// Admit takes a new transaction in, or sheds it: false. Messages of class Never are taken in and not counted.
func (g *Gate) Admit(now time.Time, c Class) bool {
	if c >= Never {
		return true
	}
	p := g.pace.Load()
	if p == nil {
		p = &defaultGate
	}
	if p.step == 0 {
		return true
	}
	m, keep := at(now), p.full/keptOf*kept[c]
	for {
		old := g.full.Load()
		next, ok := p.take(moment(old), m, keep)
		if !ok {
			return false
		}
		if g.full.CompareAndSwap(old, int64(next)) {
			return true
		}
	}
}
