package operate

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"twinhop/gateway/cluster"
)

// The errors that callers branch on.
var (
	ErrUnknown = errors.New("no such operation")
	ErrRunning = errors.New("the node is being drained already")
	ErrEnded   = errors.New("the operation has ended")
)

// State tells how an operation stands.
type State string

// The states.
const (
	Running   State = "running"
	Done      State = "done"      // the node holds nothing any more
	Cancelled State = "cancelled" // by an operator, or because the node's activation was changed meanwhile
	Failed    State = "failed"    // the node is not there any more
)

// Held is what a node still has.
type Held struct {
	Sessions int   `json:"sessions"`
	Calls    int   `json:"calls"`
	Requests int64 `json:"requests"` // running now
}

func (h Held) none() bool { return h.Sessions <= 0 && h.Calls <= 0 && h.Requests <= 0 }

// Operation is a drain: the node keeps what it has and gets nothing new, until
// it holds nothing any more.
type Operation struct {
	ID           string
	Node         string
	Stop         bool // stop the node at the end
	By           string
	Reason       string
	State        State
	Why          string // of an end that is not Done
	Was          map[string]cluster.Activation
	First, Left  Held // at the beginning, and now
	Began, Ended time.Time

	empty time.Time // since when it holds nothing; zero: it holds something
}

// Desk keeps the operations. Its fields are set before it is used; Run makes
// them advance.
type Desk struct {
	View     func() *cluster.View
	Held     func(node string) (sessions, calls int)
	Activate func(node string, a cluster.Activation) error // in all its pools
	// Restore sets the activation back, pool by pool (cluster.Registry.Restore).
	Restore func(node string, was map[string]cluster.Activation) error
	// Told is told of each operation that begins, gets on or has ended; nil:
	// nobody is.
	Told func(Operation)
	Now  func() time.Time

	mu   sync.Mutex
	all  []*Operation // the oldest first
	wake chan struct{}
}

// The times of a drain.
const (
	pace    = 200 * time.Millisecond // between two looks
	maxKept = 200                    // ended operations that can still be asked for
)

// Drain begins to drain a node, in all its pools.
func (d *Desk) Drain(node string, stop bool, by, reason string) (Operation, error) {
	d.look() // somebody may have ended the last one a moment ago
	o, err := d.begin(node, stop, by, reason)
	if err == nil {
		d.tell(o)
	}
	return o, err
}

func (d *Desk) begin(node string, stop bool, by, reason string) (Operation, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	v := d.View()
	n := v.Named(node)
	if n == nil {
		return Operation{}, fmt.Errorf("draining node %q: %w", node, cluster.ErrUnknownNode)
	}
	if slices.ContainsFunc(d.all, func(o *Operation) bool { return o.Node == node && o.State == Running }) {
		return Operation{}, fmt.Errorf("draining node %q: %w", node, ErrRunning)
	}
	o := &Operation{ID: "op_" + rand.Text()[:12], Node: node, Stop: stop, By: by, Reason: reason, State: Running,
		Was: map[string]cluster.Activation{}, Began: d.Now()}
	for _, p := range v.Pools {
		if m := p.Member(node); m != nil {
			o.Was[p.Name] = m.Activation
		}
	}
	if err := d.Activate(node, cluster.Disabled); err != nil {
		return Operation{}, fmt.Errorf("draining node %q: %w", node, err)
	}
	o.First = d.held(n)
	o.Left = o.First
	d.all = append(d.all, o)
	d.forget()
	select {
	case d.bell() <- struct{}{}:
	default:
	}
	return o.copy(), nil
}

// forget drops the oldest ended operations beyond maxKept. The lock is held.
func (d *Desk) forget() {
	over := len(d.all) - maxKept
	d.all = slices.DeleteFunc(d.all, func(o *Operation) bool {
		if over <= 0 || o.State == Running {
			return false
		}
		over--
		return true
	})
}

func (d *Desk) held(n *cluster.Node) Held {
	sessions, calls := d.Held(n.Name)
	return Held{sessions, calls, n.Load().Requests.Load()}
}

// bell wakes Run. The lock is held.
func (d *Desk) bell() chan struct{} {
	if d.wake == nil {
		d.wake = make(chan struct{}, 1)
	}
	return d.wake
}

// Cancel ends a drain and lets the node be as it was before.
func (d *Desk) Cancel(id string) (Operation, error) {
	d.mu.Lock()
	o := d.find(id)
	switch {
	case o == nil:
		d.mu.Unlock()
		return Operation{}, fmt.Errorf("cancelling %q: %w", id, ErrUnknown)
	case o.State != Running:
		c := o.copy()
		d.mu.Unlock()
		return c, fmt.Errorf("cancelling the drain of node %q: %w", c.Node, ErrEnded)
	}
	if err := d.Restore(o.Node, o.Was); err != nil && !errors.Is(err, cluster.ErrUnknownNode) {
		c := o.copy()
		d.mu.Unlock()
		return c, fmt.Errorf("cancelling the drain of node %q: %w", c.Node, err)
	}
	d.end(o, Cancelled, "by an operator")
	c := o.copy()
	d.mu.Unlock()
	d.tell(c)
	return c, nil
}

// find returns the operation of that ID, or nil. The lock is held.
func (d *Desk) find(id string) *Operation {
	for _, o := range d.all {
		if o.ID == id {
			return o
		}
	}
	return nil
}

// end ends an operation. The lock is held.
func (d *Desk) end(o *Operation, s State, why string) { o.State, o.Why, o.Ended = s, why, d.Now() }

func (d *Desk) tell(o Operation) {
	if d.Told != nil {
		d.Told(o)
	}
}

func (o *Operation) copy() Operation { return *o } // Was is never changed

// Get returns one operation.
func (d *Desk) Get(id string) (Operation, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if o := d.find(id); o != nil {
		return o.copy(), nil
	}
	return Operation{}, fmt.Errorf("operation %q: %w", id, ErrUnknown)
}

// All lists the operations, the newest first.
func (d *Desk) All() []Operation {
	d.mu.Lock()
	defer d.mu.Unlock()
	list := make([]Operation, 0, len(d.all))
	for _, o := range slices.Backward(d.all) {
		list = append(list, o.copy())
	}
	return list
}

// Run lets the operations advance until ctx ends.
func (d *Desk) Run(ctx context.Context) {
	d.mu.Lock()
	wake := d.bell()
	d.mu.Unlock()
	timer := time.NewTimer(pace)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-wake:
		case <-timer.C:
		}
		if d.look() {
			timer.Reset(pace)
		}
	}
}

// look looks at all operations and tells whether any goes on.
func (d *Desk) look() (more bool) {
	var told []Operation
	d.mu.Lock()
	for _, o := range d.all {
		if o.State != Running {
			continue
		}
		left := o.Left
		d.advance(o)
		more = more || o.State == Running
		if o.State != Running || o.Left != left {
			told = append(told, o.copy())
		}
	}
	d.mu.Unlock()
	for _, o := range told {
		d.tell(o)
	}
	return more
}

// advance looks at one operation. The lock is held.
func (d *Desk) advance(o *Operation) {
	v := d.View()
	n := v.Named(o.Node)
	if n == nil {
		d.end(o, Failed, "the node is not there any more")
		return
	}
	o.Left = d.held(n)
	for _, p := range v.Pools {
		if m := p.Member(o.Node); m != nil && m.Activation == cluster.Active {
			d.end(o, Cancelled, "the node was made active in pool "+p.Name)
			return
		}
	}
	// What was decided before the node was disabled may still arrive there.
	switch now := d.Now(); {
	case !o.Left.none():
		o.empty = time.Time{}
		return
	case o.empty.IsZero():
		o.empty = now
		return
	case now.Sub(o.empty) < pace:
		return
	}
	if o.Stop {
		if err := d.Activate(o.Node, cluster.Stopped); err != nil {
			d.end(o, Failed, "the node is empty and could not be stopped")
			return
		}
	}
	d.end(o, Done, "")
}
