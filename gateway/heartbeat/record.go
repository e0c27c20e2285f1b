package heartbeat

import (
	"cmp"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"time"

	"twinhop/gateway/cluster"
)

// record is one address of a node. A process with several addresses, of one
// session and one route, is one node with several records.
type record struct {
	Announcement
	called      string     // the name, made once: it is asked for again and again
	from        netip.Addr // who said so
	first, last time.Time
	beats       int64
	drained     bool   // it asked for nothing new (Drain), whatever it announces
	was         string // its route until a moment ago: the sessions have to follow

	news    bool      // it is not as it was: the cluster has to be told
	probing bool      // it was silent for long, a probe is under way
	grace   time.Time // it was silent and yet answered: until when it may be silent still
}

func (x *record) name() string { return x.called }

// speaks tells whether who speaks from there speaks for the record.
func (x *record) speaks(from netip.Addr) bool { return from == x.from || from == x.IP }

// heard notes a sign of life.
func (x *record) heard(now time.Time) {
	x.last, x.grace = now, time.Time{}
}

// beat notes a heartbeat.
func (x *record) beat(now time.Time) {
	x.heard(now)
	x.beats++
}

func (x *record) drain(now time.Time) {
	x.heard(now)
	x.drained = true
}

// same tells whether two announcements make the same node of the cluster.
func same(a, b Announcement) bool {
	a.Load, b.Load, a.By, b.By = nil, nil, "", ""
	return reflect.DeepEqual(a, b)
}

// place finds where an announcement belongs: it returns its record, and all
// records with it. Nothing is changed but the record when there is no news.
// The lock is held.
func (r *Roster) place(from netip.Addr, a Announcement) (*record, []*record, error) {
	now := time.Now()
	a.Session = cmp.Or(a.Session, r.session(from, &a))
	next := &record{Announcement: a, called: a.name(), from: from, first: now, last: now, beats: 1, news: true}
	ended := r.ended(from, &a)
	var all []*record
	for _, x := range r.records {
		here := x.at(&a)
		switch {
		case here && !x.speaks(from):
			r.alarm(from, "somebody else wants the place of a node", "node", x.name(), "place", x.IP)
			return nil, nil, fmt.Errorf("%s is the place of node %q, which speaks from %s: %w", a.IP, x.name(), x.from, ErrTaken)
		case here:
			next.follow(x)
		case x.name() == next.name() && x.from == from && ended[x.Session]: // another address of that process
		case x.name() == next.name() && !(x.Session == a.Session && x.from == from && x.IP != a.IP):
			r.alarm(from, "a second node wants the name of another", "node", x.name(), "place", x.IP, "second", a.IP)
			return nil, nil, fmt.Errorf("that is the name of the node at %s: %w", x.IP, ErrTaken)
		default:
			all = append(all, x)
		}
	}
	if n := r.Registry.View().Named(a.name()); n != nil && !n.Announced && !at(n, a.IP) {
		r.alarm(from, "a node wants the name of a configured one", "node", n.Name, "place", a.IP)
		return nil, nil, fmt.Errorf("that is the name of a configured node: %w", ErrTaken)
	}
	if len(all) >= MaxNodes {
		r.alarm(from, "too many nodes", "most", MaxNodes)
		return nil, nil, ErrFull
	}
	return next, append(all, next), nil
}

// session is what the process at the place of a said of itself by another
// protocol, where this one knows no sessions. The lock is held.
func (r *Roster) session(from netip.Addr, a *Announcement) string {
	for _, x := range r.records {
		if x.at(a) && x.By != a.By && x.speaks(from) {
			return x.Session
		}
	}
	return ""
}

// ended are the sessions that were where a is now, told from the same address,
// and were of its name: its process was restarted, or it would not be there.
// The lock is held.
func (r *Roster) ended(from netip.Addr, a *Announcement) map[string]bool {
	var all map[string]bool
	for _, x := range r.records {
		if x.at(a) && x.from == from && x.Session != a.Session && x.name() == a.name() {
			if all == nil {
				all = map[string]bool{}
			}
			all[x.Session] = true
		}
	}
	return all
}

// at tells whether the record and a cannot both be there.
func (x *record) at(a *Announcement) bool { return x.IP == a.IP && x.Ports.meets(a.Ports) }

// follow makes next the one who is where x was.
func (next *record) follow(x *record) {
	if was := cmp.Or(x.was, x.name()); was != next.name() {
		next.was = was
	}
	if x.Session != next.Session {
		return
	}
	next.first, next.beats, next.drained = x.first, x.beats+1, x.drained
	next.news = !same(x.Announcement, next.Announcement)
}

func at(n *cluster.Node, ip netip.Addr) bool {
	for _, s := range cluster.Services() {
		if slices.ContainsFunc(n.Addrs(s), func(a cluster.Address) bool { return a.Addr.Addr().Unmap() == ip }) {
			return true
		}
	}
	return false
}

// enrol makes these the records, and tells the cluster. On error nothing
// changes. The lock is held.
func (r *Roster) enrol(records []*record) error {
	if err := r.Registry.Enrol(r.specs(records)); err != nil {
		return err
	}
	r.records = records
	r.changes++
	return nil
}

// again tells the cluster of the records as they are.
func (r *Roster) again() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.enrol(r.records)
}

// specs describes the nodes. Of a node with several addresses the first counts
// that is not of its own machine only, and the one it speaks from before others:
// that one can be reached from here, which those of bridges on its machine cannot.
func (r *Roster) specs(records []*record) []cluster.NodeSpec {
	sorted := slices.SortedFunc(slices.Values(records), func(a, b *record) int {
		return cmp.Or(strings.Compare(a.name(), b.name()), cmp.Compare(number(a.IP.IsLoopback()), number(b.IP.IsLoopback())),
			cmp.Compare(number(a.IP != a.from), number(b.IP != b.from)), a.IP.Compare(b.IP))
	})
	var out []cluster.NodeSpec
	for _, x := range sorted {
		n := r.settings.spec(&x.Announcement)
		n.Draining = n.Draining || x.drained
		n.Domain = r.settings.Domains[x.IP]
		if last := len(out) - 1; last >= 0 && out[last].Name == n.Name {
			out[last].HTTP, out[last].SIP = append(out[last].HTTP, n.HTTP...), append(out[last].SIP, n.SIP...)
			out[last].Draining = out[last].Draining || n.Draining
			out[last].Domain = cmp.Or(out[last].Domain, n.Domain)
			continue
		}
		out = append(out, n)
	}
	return out
}

func number(b bool) int {
	if b {
		return 1
	}
	return 0
}

// find calls do for the records that are meant and speak from an address, and
// returns the name of one.
func (r *Roster) find(from netip.Addr, meant func(*record) bool, do func(*record, time.Time)) (name string, err error) {
	from, now := from.Unmap(), time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.settings.allows(from) {
		r.refuse(from)
		return "", ErrRefused
	}
	err = ErrUnknown
	r.pardon()
	for _, x := range slices.Concat(r.records, r.barred) {
		switch {
		case !meant(x):
		case x.speaks(from):
			do(x, now)
			name, err = x.name(), nil
		case name == "":
			r.alarm(from, "somebody else speaks for a node", "node", x.name(), "place", x.IP)
			err = ErrTaken
		}
	}
	return name, err
}

// remove lets the records depart that are meant.
func (r *Roster) remove(from netip.Addr, meant func(*record) bool) error {
	gone := map[*record]bool{}
	name, err := r.find(from, meant, func(x *record, _ time.Time) { gone[x] = true })
	if err != nil {
		return err
	}
	r.log().Info("node left", "node", name)
	return r.drop(gone)
}

// drop lets records depart.
func (r *Roster) drop(gone map[*record]bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	kept := slices.DeleteFunc(slices.Clone(r.records), func(x *record) bool { return gone[x] })
	r.barred = slices.DeleteFunc(r.barred, func(x *record) bool { return gone[x] })
	return r.enrol(kept)
}

// confusion is how long a node may take a session for another one of its own.
const confusion = 30 * time.Second

// mixedUp hears a session that nobody has. A stock node that speaks JSON with
// several gateways keeps one session for all of them, and forgets which was
// whose: what it has just begun here is alive, until it begins anew.
func (r *Roster) mixedUp(from netip.Addr) {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, x := range r.records {
		if x.By == "json" && x.speaks(from) && now.Sub(x.first) < confusion {
			x.heard(now)
		}
	}
}
