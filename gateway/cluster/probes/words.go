package probes

import "slices"

// Mode says when a node is probed, with the order of OpenSIPS' probe_mode.
type Mode uint8

// The modes.
const (
	Unsaid   Mode = iota // as others are
	Never                // who was taken out stays out till an operator says otherwise
	WhenDown             // at first, and while it is down or in doubt
	Always
)

// ParseMode reads the word of the configuration; any other is Unsaid.
func ParseMode(s string) Mode {
	switch s {
	case "never":
		return Never
	case "down":
		return WhenDown
	case "always":
		return Always
	}
	return Unsaid
}

// Words are what a pool says of the probes of its nodes. They are immutable.
type Words struct {
	Mode  Mode
	Codes []int // answers that are signs of life besides 2xx; nil: nothing is said of them
}

// With returns what counts for a node of which two pools speak, nil being a
// pool that says nothing: the mode that probes more, and of the codes those
// that both take for signs of life.
func (w *Words) With(o *Words) *Words {
	switch {
	case w == nil:
		return o
	case o == nil:
		return w
	}
	both := &Words{Mode: max(w.Mode, o.Mode), Codes: w.Codes}
	switch {
	case w.Codes == nil:
		both.Codes = o.Codes
	case o.Codes != nil:
		both.Codes = slices.DeleteFunc(slices.Clone(w.Codes), func(code int) bool { return !slices.Contains(o.Codes, code) })
	}
	return both
}

// Says returns the codes, and whether anything is said of them.
func (w *Words) Says() (codes []int, said bool) {
	if w == nil {
		return nil, false
	}
	return w.Codes, w.Codes != nil
}

// Of returns the mode, Unsaid for nil.
func (w *Words) Of() Mode {
	if w == nil {
		return Unsaid
	}
	return w.Mode
}
