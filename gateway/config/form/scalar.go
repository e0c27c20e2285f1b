package form

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Size is a number of bytes.
type Size int64

var sizeUnits = []struct {
	unit string
	n    int64
}{ // longest unit first
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
	{"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"B", 1},
}

// String returns the size with the largest unit that divides it.
func (s Size) String() string {
	for i := 3; i >= 0; i-- {
		if n := sizeUnits[i].n; s != 0 && int64(s)%n == 0 {
			return strconv.FormatInt(int64(s)/n, 10) + sizeUnits[i].unit
		}
	}
	return strconv.FormatInt(int64(s), 10)
}

// ParseSize reads "64MiB", "1GB", "4096".
func ParseSize(s string) (Size, error) {
	digits, unit := s, int64(1)
	for _, u := range sizeUnits {
		if d, ok := strings.CutSuffix(s, u.unit); ok {
			digits, unit = strings.TrimSpace(d), u.n
			break
		}
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	switch {
	case err != nil:
		return 0, fmt.Errorf("%q is no size", s)
	case n < 0:
		return 0, fmt.Errorf("%q is negative", s)
	case n > (1<<62)/unit:
		return 0, fmt.Errorf("%q is too large", s)
	}
	return Size(n * unit), nil
}

// ParseDuration reads "5100ms", "1h30m", "0". A number without a unit is an
// error, but for 0: whoever means seconds must say so.
func ParseDuration(s string) (time.Duration, error) {
	if s == "0" {
		return 0, nil
	}
	d, err := time.ParseDuration(s)
	switch {
	case err != nil && IsNumber(s):
		return 0, fmt.Errorf("%q has no unit", s)
	case err != nil:
		return 0, fmt.Errorf("%q is no duration", s)
	case d < 0:
		return 0, fmt.Errorf("%q is negative", s)
	}
	return d, nil
}

// Short writes a duration without the zeros at its end.
func Short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// IsNumber tells whether a text is a number without a unit.
func IsNumber(s string) bool {
	_, err := strconv.ParseFloat(s, 64)
	return err == nil
}
