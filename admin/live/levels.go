package live

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"twinhop/admin/events"
	"twinhop/admin/stamp"
)

// table is how many sessions there were at the last tick.
type table struct {
	known bool
	count int
}

// sessions tells the pages with a list of sessions that there are more or fewer
// of them.
func (h *Hub) sessions(now int) {
	was := h.table
	h.table = table{true, now}
	if n := now - was.count; was.known && n > 0 {
		h.Send("sessions", "session.created", map[string]int{"count": n, "sessions": now}, false)
	} else if was.known && n < 0 {
		h.Send("sessions", "session.ended", map[string]int{"count": -n, "sessions": now}, false)
	}
}

const (
	keptEvery = 5 * time.Second // between two looks at what is kept out
	shedEvery = time.Minute     // between two events of it
	maxBans   = 10              // of one look that have an event of their own
)

// keptOut is what was known of whom and what the SIP front keeps out.
type keptOut struct {
	looked, told time.Time
	shed         map[string]uint64
	bans         map[netip.Prefix]bool
}

// keptOut notices what is kept out since the last time.
func (h *Hub) keptOut() {
	k, now := &h.kept, h.Now()
	if h.Limits == nil || now.Sub(k.looked) < keptEvery {
		return
	}
	s := h.Limits()
	first := k.looked.IsZero()
	k.looked = now
	bans, fresh := map[netip.Prefix]bool{}, 0
	for _, b := range s.Bans {
		if bans[b.Source] = true; k.bans[b.Source] || first {
			continue
		}
		if fresh++; fresh <= maxBans {
			h.Note(events.Occurrence{At: stamp.Of(now), Type: "ban", From: b.Source.String(), Words: "until " + b.Until.UTC().Format(time.RFC3339)})
		}
	}
	if fresh > maxBans {
		h.Note(events.Occurrence{At: stamp.Of(now), Type: "ban", From: fmt.Sprintf("%d more", fresh-maxBans), Words: "see the limits"})
	}
	k.bans = bans
	if first {
		k.shed = s.Shed
	}
	if now.Sub(k.told) < shedEvery {
		return
	}
	var words []string
	for _, reason := range slices.Sorted(maps.Keys(s.Shed)) {
		if n := s.Shed[reason] - k.shed[reason]; n > 0 {
			words = append(words, fmt.Sprintf("%s=%d", reason, n))
		}
	}
	if len(words) > 0 {
		k.told, k.shed = now, s.Shed
		h.Note(events.Occurrence{At: stamp.Of(now), Type: "shed", Words: strings.Join(words, " ")})
	}
}
