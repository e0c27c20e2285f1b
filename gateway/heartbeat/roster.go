package heartbeat

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"time"

	"twinhop/gateway/cluster"
)

// The errors that receivers branch on. Whatever else is returned says what is
// wrong with an announcement.
var (
	ErrRefused = errors.New("not from an address that may register nodes")
	ErrUnknown = errors.New("no such node is registered") // the answer is NOK: the node registers again
	ErrTaken   = errors.New("another node has that name or place")
	ErrFull    = errors.New("too many nodes are registered")
)

// MaxNodes is how many addresses may be registered.
const MaxNodes = 256

// Switcher moves the sessions of one route to another.
type Switcher interface {
	Switchover(ctx context.Context, fromRoute, toRoute string) error
}

// The defaults of Settings.
const (
	DefaultTimeout = 5100 * time.Millisecond
	DefaultSweep   = 150 * time.Millisecond
)

// Settings are what may change while the Roster is in use.
type Settings struct {
	Allow   []netip.Prefix                // who may register, and where nodes may be; nothing: nobody, nowhere
	Timeout time.Duration                 // silence of a node after which it is probed; 0: DefaultTimeout
	Sweep   time.Duration                 // between two looks for silent nodes; 0: DefaultSweep
	Domains map[netip.Addr]string         // the domain of the node at an address
	TLS     bool                          // SIP over TLS is spoken with nodes
	Usable  func(*cluster.NodeSpec) error // what else a node must fulfil, without calling the Roster; nil: nothing
}

// Roster is the list of nodes that told of themselves. The fields are set
// before it is used; Apply says who may register. All methods are safe for
// concurrent use.
type Roster struct {
	Registry *cluster.Registry
	Moves    Switcher     // nil: sessions stay where they are
	Log      *slog.Logger // nil: discard
	Tell     func(Event)  // called with a lock held, it must not wait; nil: nobody hears
	// Here tells which addresses are of this machine; nil: those of its interfaces.
	Here func(netip.Addr) bool

	mu       sync.Mutex
	settings Settings
	records  []*record
	barred   []*record // that an operator took away
	changes  int64
	alarms   alarms
	changed  chan struct{} // wakes Run after Apply
}

// Apply replaces the settings. Nodes that they do not allow any more depart.
func (r *Roster) Apply(s Settings) {
	if s.Timeout <= 0 {
		s.Timeout = DefaultTimeout
	}
	if s.Sweep <= 0 {
		s.Sweep = DefaultSweep
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.settings = s
	kept := slices.DeleteFunc(slices.Clone(r.records), func(x *record) bool {
		err := r.usable(x.from, &x.Announcement)
		if err != nil {
			r.log().Warn("node departs: the settings do not allow it any more", "node", x.name(), "err", err)
		}
		return err != nil
	})
	if err := r.enrol(kept); err != nil {
		r.log().Error("announced nodes stay as they were", "err", err)
	}
	select {
	case r.wake() <- struct{}{}:
	default:
	}
}

// Allowed tells whether something may be read that this address sent.
func (r *Roster) Allowed(from netip.Addr) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.settings.allows(from) {
		r.refuse(from)
		return false
	}
	return true
}

func (s *Settings) allows(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	return slices.ContainsFunc(s.Allow, func(p netip.Prefix) bool { return p.Contains(a) })
}

// usable tells what is wrong with an announcement. That a process has one more
// address that is not allowed, as of a bridge on its machine, nobody need hear
// of. The lock is held.
func (r *Roster) usable(from netip.Addr, a *Announcement) error {
	if !r.settings.allows(a.IP) {
		if !slices.ContainsFunc(r.records, func(x *record) bool {
			return x.IP != a.IP && x.from == from && (x.name() == a.name() || x.Session == a.Session && a.Session != "")
		}) {
			r.refuse(a.IP)
		}
		return fmt.Errorf("a node at %s: %w", a.IP, ErrRefused)
	}
	n := r.settings.spec(a)
	switch {
	case len(n.SIP)+len(n.HTTP) == 0:
		return errOnlyTLS
	case r.settings.Usable != nil:
		return r.settings.Usable(&n)
	}
	return nil
}

// spec describes a node by what of it can be used.
func (s *Settings) spec(a *Announcement) cluster.NodeSpec {
	n := a.spec()
	if !s.TLS {
		n.SIP = slices.DeleteFunc(n.SIP, func(at cluster.Address) bool { return at.Scheme == "tls" })
	}
	return n
}

// Ping takes what a node at from says of itself: a new record, or what is new
// of the old one. Another session at the same place is another process there,
// which replaces the old one at once; another route renames the node and moves
// its sessions.
func (r *Roster) Ping(from netip.Addr, a Announcement) error {
	a, err := a.clean()
	if err != nil {
		return fmt.Errorf("registering a node: %w", err)
	}
	from = from.Unmap()
	far := r.far(from, a.IP)
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case !r.settings.allows(from):
		r.refuse(from)
		return ErrRefused
	case far:
		return fmt.Errorf("registering a node at %s: %w", a.IP, errFar)
	}
	if err := r.usable(from, &a); err != nil {
		return fmt.Errorf("registering node %q: %w", a.name(), err)
	}
	if r.keptOut(from, &a) {
		return nil
	}
	next, all, err := r.place(from, a)
	if err != nil {
		return fmt.Errorf("registering node %q: %w", a.name(), err)
	}
	if next.news {
		if err := r.enrol(all); err != nil {
			return fmt.Errorf("registering node %q: %w", a.name(), err)
		}
		r.tell(next)
	} else {
		r.records = all
		r.Registry.Nudge(a.name())
	}
	if a.Load != nil {
		if err := r.Registry.ReportLoad(r.known(&next.Announcement), *a.Load); err != nil && !errors.Is(err, cluster.ErrUnknownNode) {
			return err
		}
	}
	return nil
}

// Beat is a sign of life of a session: a node that is down is probed at once.
// ErrUnknown: it has to register again.
func (r *Roster) Beat(from netip.Addr, session string) error {
	name, err := r.find(from, func(x *record) bool { return x.Session == session && session != "" }, (*record).beat)
	if err == nil {
		r.Registry.Nudge(name)
	} else if errors.Is(err, ErrUnknown) {
		r.mixedUp(from.Unmap())
	}
	return err
}

// Drain lets a session have nothing new from now on.
func (r *Roster) Drain(from netip.Addr, session string) error {
	found, err := r.find(from, func(x *record) bool { return x.Session == session && session != "" }, (*record).drain)
	if err != nil {
		return err
	}
	r.log().Info("node asked for nothing new", "node", found)
	return r.again()
}

// Leave ends a session: the node departs at once.
func (r *Roster) Leave(from netip.Addr, session string) error {
	return r.remove(from, func(x *record) bool { return x.Session == session && session != "" })
}

// Remove lets the node depart that has this session, or this place.
func (r *Roster) Remove(from netip.Addr, a Announcement) error {
	ip := a.IP.Unmap()
	if r.far(from.Unmap(), ip) { // it is not there, whoever is at this machine's
		return ErrUnknown
	}
	return r.remove(from, func(x *record) bool {
		return x.IP == ip && x.Ports == a.Ports || x.Session == a.Session && a.Session != "" && x.IP == ip
	})
}

// Switchover moves what lives on the node of one route to the node of
// another, which either node may ask for.
func (r *Roster) Switchover(ctx context.Context, from netip.Addr, fromRoute, toRoute string) error {
	from = from.Unmap()
	r.mu.Lock()
	var err error
	switch {
	case !r.settings.allows(from):
		r.refuse(from)
		err = ErrRefused
	case !r.lives(from, fromRoute) && !r.lives(from, toRoute):
		r.alarm(from, "switchover from an address that neither of the nodes has")
		err = ErrUnknown
	}
	r.mu.Unlock()
	if err != nil || r.Moves == nil {
		return err
	}
	return r.Moves.Switchover(ctx, fromRoute, toRoute)
}

// lives tells whether the node with that route speaks from an address. The lock is held.
func (r *Roster) lives(from netip.Addr, route string) bool {
	if slices.ContainsFunc(r.records, func(x *record) bool { return x.name() == route && x.speaks(from) }) {
		return true
	}
	v := r.Registry.View()
	n := v.Named(v.RouteNode(route))
	if n == nil {
		return false
	}
	for _, s := range cluster.Services() {
		if slices.ContainsFunc(n.Addrs(s), func(a cluster.Address) bool { return a.Addr.Addr().Unmap() == from }) {
			return true
		}
	}
	return false
}
