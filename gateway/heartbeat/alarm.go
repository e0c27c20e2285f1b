package heartbeat

import (
	"log/slog"
	"net/netip"
	"time"
)

// quiet is how long an alarm about the same address is not repeated,
// maxAlarms how many addresses are told apart.
const (
	quiet     = time.Minute
	maxAlarms = 256
)

// alarms remembers what was said a moment ago.
type alarms map[alarm]time.Time

type alarm struct {
	from netip.Addr
	what string
}

// due tells whether an alarm is to be logged, and notes that it was.
func (a *alarms) due(from netip.Addr, what string) bool {
	now, key := time.Now(), alarm{from, what}
	if at, ok := (*a)[key]; ok && now.Sub(at) < quiet {
		return false
	}
	if *a == nil || len(*a) >= maxAlarms {
		*a = alarms{}
	}
	(*a)[key] = now
	return true
}

func (r *Roster) log() *slog.Logger {
	if r.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return r.Log
}

// Alarm tells of a message that a receiver refused for what it is: the same of
// one address once a minute.
func (r *Roster) Alarm(from netip.Addr, what string, more ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.alarm(from.Unmap(), what, more...)
}

// alarm tells of an attempt that was refused. The lock is held.
func (r *Roster) alarm(from netip.Addr, what string, more ...any) {
	if r.alarms.due(from, what) {
		r.log().Warn("heartbeat refused: "+what, append([]any{"peer", from}, more...)...)
		e := Event{What: Refused, From: from, Text: what}
		if len(more) > 1 && more[0] == "node" {
			e.Node, _ = more[1].(string)
		}
		r.say(e)
	}
}

// refuse tells of an address that is not allowed. The lock is held.
func (r *Roster) refuse(a netip.Addr) {
	if what := "the address is not allowed"; r.alarms.due(a, what) {
		r.log().Warn("heartbeat refused: "+what+"; if a node of yours is there, add the line to heartbeat.allow",
			"peer", a, "line", "- "+netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()).String())
		r.say(Event{What: Refused, From: a, Text: what})
	}
}

// tell says what became of a node. The lock is held.
func (r *Roster) tell(x *record) {
	switch {
	case x.was != "":
		r.say(Event{What: Renamed, Node: x.name(), From: x.from, Text: x.was})
		r.log().Info("node has another route: its sessions follow", "node", x.name(), "was", x.was, "proto", x.By)
	case x.beats > 1:
		r.log().Info("node announced something new", "node", x.name(), "proto", x.By)
	default:
		r.say(Event{What: Registered, Node: x.name(), From: x.from})
		r.log().Info("node registered", "node", x.name(), "proto", x.By, "peer", x.from)
	}
}
