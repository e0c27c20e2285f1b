package heartbeat

import (
	"net/netip"
)

// What is a kind of Event.
type What string

// The kinds.
const (
	Registered What = "registered"
	Renamed    What = "renamed" // Text is the route it had
	Expired    What = "expired" // it was silent for too long; Text says how long
	Refused    What = "refused" // Text says why
)

// Event is something about announced nodes that people want to hear of. The
// same refusal of one address is told once a minute.
type Event struct {
	What What
	Node string     // "" when none is meant
	From netip.Addr // who spoke; the zero Addr: nobody did
	Text string
}

// say hands an event to who wants to hear of it. The lock may be held.
func (r *Roster) say(e Event) {
	if r.Tell != nil {
		r.Tell(e)
	}
}
