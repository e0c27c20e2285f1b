package hearts

import (
	"errors"
	"net/netip"

	"twinhop/gateway/heartbeat"
)

// SIP takes the properties of a SIP heartbeat that came to an internal
// listener from an address. The errors are those of heartbeat.Roster.Ping.
func (h *Hearts) SIP(from netip.Addr, props map[string]string) error {
	if !h.Roster.Allowed(from) {
		return heartbeat.ErrRefused
	}
	a, err := heartbeat.ReadProperties(props)
	if err == nil {
		a.By = "sip"
		err = h.Roster.Ping(from, a)
	}
	if err != nil && !errors.Is(err, heartbeat.ErrRefused) && !errors.Is(err, heartbeat.ErrTaken) && !errors.Is(err, heartbeat.ErrFull) { // which the roster tells
		h.Roster.Alarm(from, "a SIP heartbeat that cannot be taken", "err", err)
	}
	return err
}
