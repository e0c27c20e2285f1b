package versions

import (
	"slices"
	"strings"
)

// DiffLine is a line of two texts. A jump in its numbers leaves lines out that
// are the same.
type DiffLine struct {
	Op   string `json:"op"` // " " in both, "-" in the first, "+" in the second
	Text string `json:"text"`
	Key  string `json:"key,omitempty"` // of the configuration, whose value begins here
	Old  int    `json:"old,omitempty"` // its number in the first, from 1; 0: it is not there
	New  int    `json:"new,omitempty"` // in the second
}

// around is how many lines are shown before and behind a change.
const around = 3

// maxEdits bounds the search for what is the same: its memory grows with the
// square. Texts that differ by more lines are shown as replaced.
const maxEdits = 1000

// Diff compares two texts line by line. Only changes and what stands around
// them is returned; nothing when the texts are the same.
func Diff(from, to string) []DiffLine {
	a, b := split(from), split(to)
	begin := 0
	for begin < min(len(a), len(b)) && a[begin] == b[begin] {
		begin++
	}
	end := 0
	for end < min(len(a), len(b))-begin && a[len(a)-1-end] == b[len(b)-1-end] {
		end++
	}
	var all []DiffLine
	old, now := 0, 0
	add := func(op, text string) {
		l := DiffLine{Op: op, Text: text}
		if op != "+" {
			old++
			l.Old = old
		}
		if op != "-" {
			now++
			l.New = now
		}
		all = append(all, l)
	}
	for _, line := range a[:begin] {
		add(" ", line)
	}
	x := a[begin : len(a)-end]
	y := b[begin : len(b)-end]
	for _, op := range edits(x, y) {
		switch op {
		case '+':
			add("+", y[0])
			y = y[1:]
		case '-':
			add("-", x[0])
			x = x[1:]
		default:
			add(" ", x[0])
			x, y = x[1:], y[1:]
		}
	}
	for _, line := range a[len(a)-end:] {
		add(" ", line)
	}
	return near(all)
}

// split returns the lines of a text. That the last one has no end is no line.
func split(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

// edits tells how y is made of x with the fewest lines changed, one byte for
// each line: '=', '-', '+' (E. Myers, An O(ND) Difference Algorithm, 1986).
func edits(x, y []string) []byte {
	if len(x) == 0 || len(y) == 0 {
		return replaced(x, y)
	}
	most := min(len(x)+len(y), maxEdits)
	best := make([]int32, 2*most+3) // by diagonal: how far x was followed
	var trace [][]int32
	for d := 0; d <= most; d++ {
		trace = append(trace, slices.Clone(best[most-d:most+d+3]))
		for k := -d; k <= d; k += 2 {
			at := most + 1 + k
			i := best[at-1] + 1
			if k == -d || k != d && best[at-1] < best[at+1] {
				i = best[at+1]
			}
			for int(i) < len(x) && int(i)-k < len(y) && int(i)-k >= 0 && x[i] == y[int(i)-k] {
				i++
			}
			best[at] = i
			if int(i) >= len(x) && int(i)-k >= len(y) {
				return back(trace, len(x), len(y))
			}
		}
	}
	return replaced(x, y)
}

// back follows a trace from its end to its begin.
func back(trace [][]int32, i, j int) []byte {
	var ops []byte
	for d := len(trace) - 1; d > 0; d-- {
		v, k := trace[d], i-j // v[n] is of the diagonal n-d-1
		at := k + d + 1
		down := k == -d || k != d && v[at-1] < v[at+1]
		from, prev := k-1, int(v[at-1])
		if down {
			from, prev = k+1, int(v[at+1])
		}
		for i > prev && j > prev-from {
			ops, i, j = append(ops, '='), i-1, j-1
		}
		if down {
			ops, j = append(ops, '+'), j-1
		} else {
			ops, i = append(ops, '-'), i-1
		}
	}
	for ; i > 0; i-- { // and j
		ops = append(ops, '=')
	}
	slices.Reverse(ops)
	return ops
}

func replaced(x, y []string) []byte {
	return []byte(strings.Repeat("-", len(x)) + strings.Repeat("+", len(y)))
}

// near leaves out what is far from any change.
func near(all []DiffLine) []DiffLine {
	show := make([]bool, len(all))
	for i, l := range all {
		if l.Op != " " {
			for j := max(0, i-around); j <= min(len(all)-1, i+around); j++ {
				show[j] = true
			}
		}
	}
	some := []DiffLine{}
	for i, l := range all {
		if show[i] {
			some = append(some, l)
		}
	}
	return some
}
