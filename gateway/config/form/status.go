package form

import (
	"fmt"
	"strconv"
	"strings"
)

// Bounds of the statuses that are errors.
const (
	leastError = 400
	mostError  = 699
)

// ParseStatuses reads one status, "503", a range of them, "400-599", or all of
// a class, "5xx".
func ParseStatuses(s string) (first, last int, err error) {
	from, to, ranged := strings.Cut(s, "-")
	if class, ok := strings.CutSuffix(s, "xx"); ok {
		from, to, ranged = class+"00", class+"99", true
	}
	if !ranged {
		to = from
	}
	if first, err = status(from); err == nil {
		last, err = status(to)
	}
	switch {
	case err != nil:
		return 0, 0, fmt.Errorf("%s is no status, nor a range of them", Quote(s))
	case last < first:
		return 0, 0, fmt.Errorf("%s ends before it begins", Quote(s))
	}
	return first, last, nil
}

// status reads the three digits of a status.
func status(s string) (int, error) {
	if len(s) != 3 || s[0] == '+' || s[0] == '-' {
		return 0, fmt.Errorf("%s is no status", Quote(s))
	}
	return strconv.Atoi(s)
}

func checkErrorStatuses(s string) error {
	first, last, err := ParseStatuses(s)
	if err == nil && (first < leastError || last > mostError) {
		return fmt.Errorf("%s is out of range", Quote(s))
	}
	return err
}

// Statuses are those of a list whose elements ParseStatuses can read; others
// are left out.
func Statuses(list []string) (all []int) {
	for _, s := range list {
		first, last, err := ParseStatuses(s)
		for code := first; err == nil && code <= last; code++ {
			all = append(all, code)
		}
	}
	return all
}
