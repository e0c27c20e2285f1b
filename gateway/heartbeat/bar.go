package heartbeat

import (
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// Bar lets the announced node of that name depart because an operator says so.
// What its process goes on to announce is answered as usual and not taken:
// else it would be back with its next heartbeat. Another session at its place
// is another process and welcome; so is anybody once it was silent for
// Settings.Timeout.
func (r *Roster) Bar(name string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var kept, gone []*record
	for _, x := range r.records {
		if x.name() == name {
			gone = append(gone, x)
		} else {
			kept = append(kept, x)
		}
	}
	if len(gone) == 0 {
		return fmt.Errorf("removing node %q: %w", name, ErrUnknown)
	}
	if err := r.enrol(kept); err != nil {
		return fmt.Errorf("removing node %q: %w", name, err)
	}
	r.barred = append(r.barred, gone...)
	if over := len(r.barred) - MaxNodes; over > 0 {
		r.barred = slices.Delete(r.barred, 0, over)
	}
	r.log().Info("node was removed by an operator: it is not taken again before it is another process", "node", name)
	return nil
}

// keptOut tells whether an announcement is of a process that was barred. The
// lock is held.
func (r *Roster) keptOut(from netip.Addr, a *Announcement) bool {
	r.pardon()
	for _, x := range r.barred {
		if x.speaks(from) && x.Session == a.Session && (a.Session != "" || x.IP == a.IP && x.Ports.meets(a.Ports)) {
			x.heard(time.Now())
			return true
		}
	}
	return false
}

// pardon forgets who was barred and has been silent since. The lock is held.
func (r *Roster) pardon() {
	r.barred = slices.DeleteFunc(r.barred, func(x *record) bool { return time.Since(x.last) > r.timeout() })
}
