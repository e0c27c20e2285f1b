package sheet

import (
	"slices"
	"strings"
)

// Plain is a configuration of values alone. The sections stand in the order in
// which their first values do.
type Plain struct {
	Head   []string // comments above
	Values []Value
	Foot   []string // comments below
}

// Bytes writes it.
func (p *Plain) Bytes() []byte {
	w := &writer{}
	w.comments(p.Head)
	w.line("", "version: 1")
	all := together(p.Values)
	for i, v := range all {
		if i == 0 || head(v.Key) != head(all[i-1].Key) {
			w.line("", "")
			n := slices.IndexFunc(all[i:], func(o Value) bool { return head(o.Key) != head(v.Key) })
			if n < 0 {
				n = len(all) - i
			}
			w.values("", all[i:i+n])
		}
	}
	if len(p.Foot) > 0 {
		w.line("", "")
		w.comments(p.Foot)
	}
	return w.Bytes()
}

func head(key string) string {
	h, _, _ := strings.Cut(key, ".")
	return h
}

// together puts the values of each mapping behind its first one.
func together(all []Value) (sorted []Value) {
	done := map[string]bool{}
	for i, v := range all {
		h, _, nested := strings.Cut(v.Key, ".")
		switch {
		case !nested:
			sorted = append(sorted, v)
			continue
		case done[h]:
			continue
		}
		done[h] = true
		var inner []Value
		for _, o := range all[i:] {
			if rest, ok := strings.CutPrefix(o.Key, h+"."); ok {
				inner = append(inner, Value{rest, o.Text, o.From})
			}
		}
		for _, o := range together(inner) {
			sorted = append(sorted, Value{h + "." + o.Key, o.Text, o.From})
		}
	}
	return sorted
}
