package ask

import (
	"fmt"
	"strings"
	"time"
)

// Clock is a time for people who look at what happens now: in the zone of this machine, with the day when it is not today's.
func Clock(t time.Time) string {
	t = t.Local()
	if t.Format(time.DateOnly) != time.Now().Format(time.DateOnly) {
		return t.Format("2006-01-02 15:04:05.000 -0700")
	}
	return t.Format("15:04:05.000")
}

// Moment reads a time: RFC 3339, a day, or how long ago ("15m").
func Moment(s string, now time.Time) (time.Time, error) {
	if d, err := time.ParseDuration(strings.TrimPrefix(s, "-")); err == nil {
		return now.Add(-d), nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02"} {
		if t, err := time.ParseInLocation(layout, s, time.Local); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time: 15m (ago), 2006-01-02, or 2006-01-02T15:04:05Z", s)
}
