// Package stamp writes times as the API does.
//
// Knows: RFC 3339.
// Must not know: anything else.
// Owns: nothing.
// Entered by: whatever the API shows.
package stamp

import "time"

// Time is written as RFC 3339 with milliseconds, in UTC.
type Time time.Time

// Of returns t for JSON, nil for the zero time.
func Of(t time.Time) *Time {
	if t.IsZero() {
		return nil
	}
	return (*Time)(&t)
}

// MarshalText implements encoding.TextMarshaler.
func (t Time) MarshalText() ([]byte, error) {
	return time.Time(t).UTC().AppendFormat(nil, "2006-01-02T15:04:05.000Z07:00"), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (t *Time) UnmarshalText(text []byte) error {
	at, err := time.Parse(time.RFC3339, string(text))
	*t = Time(at)
	return err
}
