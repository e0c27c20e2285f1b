package ladder

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Line is a line of a drawing, with what is special about it.
type Line struct {
	Text string
	Tone Tone
}

// Tone is what a line is about.
type Tone int

// The tones.
const (
	Plain Tone = iota
	Head       // names of lanes
	Note       // what the gateway decided
	Move       // the session went to another node
	Bad        // an answer that refuses, or none
)

const (
	margin  = 23 // columns of time and number
	most    = 3  // lanes for clients that speak SIP; more of them share the last one
	leastBy = 16 // columns from lane to lane
	mostBy  = 36
	middle  = "gateway "
)

// lane is a vertical line.
type lane struct{ side, name string }

func (l lane) key() string { return l.side + " " + l.name }

// Drawing draws a timeline that may grow.
type Drawing struct {
	Width int  // of the screen, in columns; 0: any
	Cut   bool // what the gateway decided ends with the screen, too

	lanes []lane // clients, the gateway, nodes
	drawn map[string]bool
	by    int
}

// Lines draws the items that were not drawn yet. The lanes stand above them, again when there are more of them.
func (d *Drawing) Lines(items []Item) []Line {
	if d.drawn == nil {
		d.drawn, d.lanes = map[string]bool{}, []lane{{"gateway", ""}}
	}
	var all []arrow
	for i := range items {
		if id := items[i].ID(); !d.drawn[id] {
			d.drawn[id] = true
			all = append(all, items[i].arrows()...)
		}
	}
	slices.SortStableFunc(all, func(a, b arrow) int { return a.at.Compare(b.at) })
	var lines []Line
	if before := len(d.lanes); len(all) > 0 {
		for i := range all {
			all[i].from, all[i].to = d.join(all[i].from), d.join(all[i].to)
		}
		if before != len(d.lanes) {
			d.by = mostBy
			if gaps := len(d.lanes) - 1; d.Width > 0 {
				d.by = min(mostBy, max(leastBy, (d.Width-margin-leastBy)/gaps))
			}
			lines = append(lines, Line{d.head(), Head})
		}
	}
	for i := range all {
		lines = append(lines, d.line(&all[i]))
	}
	return lines
}

// join makes sure that a lane is there, and returns the one that stands for it.
func (d *Drawing) join(key string) string {
	side, name, _ := strings.Cut(key, " ")
	if key == "" || d.at(key) >= 0 {
		return key
	}
	if side == "node" {
		d.lanes = append(d.lanes, lane{side, name})
		return key
	}
	clients, last := 0, 0
	for i, l := range d.lanes {
		if l.side == "client" && l.name != "HTTP" {
			clients, last = clients+1, i
		}
	}
	if name != "HTTP" && clients == most {
		return d.lanes[last].key()
	}
	at := slices.IndexFunc(d.lanes, func(l lane) bool { return l.side == "gateway" })
	if name == "HTTP" {
		at = 0
	}
	d.lanes = slices.Insert(d.lanes, at, lane{side, name})
	return key
}

// at is the number of a lane, -1 if it is not there.
func (d *Drawing) at(key string) int {
	return slices.IndexFunc(d.lanes, func(l lane) bool { return l.key() == key })
}

// column is where a lane stands.
func (d *Drawing) column(i int) int { return margin + leastBy/2 + i*d.by }

func (d *Drawing) head() string {
	row := blank(d.column(len(d.lanes)-1) + d.by)
	for i, l := range d.lanes {
		name := l.name
		if l.side == "gateway" {
			name = "gateway"
		}
		name = short(clean(name), d.by-2)
		put(row, max(0, d.column(i)-len([]rune(name))/2), name)
	}
	return strings.TrimRight(string(row), " ")
}

// line draws an arrow, or what was decided.
func (d *Drawing) line(a *arrow) Line {
	row := blank(d.column(len(d.lanes)-1) + 1)
	put(row, 0, a.at.Local().Format("15:04:05.000"))
	if a.n != 0 {
		mark := fmt.Sprintf("#%d", a.n)
		if a.kept {
			mark += "*"
		}
		put(row, 14, short(mark, margin-15))
	}
	for i := range d.lanes {
		row[d.column(i)] = '|'
	}
	if a.note == "" && a.from == a.to { // to or from nobody that is known
		a.note = a.label
	}
	if a.note != "" {
		at := d.column(d.at(middle))
		text := "* " + clean(a.note)
		if d.Cut && d.Width > 0 {
			text = short(text, max(d.Width-at, 2*leastBy))
		}
		row = append(row[:at], []rune(text)...)
		return Line{string(row), map[bool]Tone{true: Move, false: Note}[a.moved]}
	}
	from, to := d.column(d.at(a.from)), d.column(d.at(a.to))
	left, right := min(from, to)+1, max(from, to)-1
	for i := left; i <= right; i++ {
		row[i] = '-'
	}
	label := short(clean(a.label), right-left-3)
	put(row, left+(right-left+1-len([]rune(label))-2)/2, " "+label+" ")
	if from < to {
		row[right] = '>'
	} else {
		row[left] = '<'
	}
	tone := Plain
	if a.bad {
		tone = Bad
	}
	return Line{strings.TrimRight(string(row), " "), tone}
}

func blank(n int) []rune { return []rune(strings.Repeat(" ", n)) }

// put writes a text into a row, as far as there is room.
func put(row []rune, at int, text string) { copy(row[at:], []rune(text)) }

// short cuts a text that has more than n characters.
func short(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:max(n-1, 0)]) + "…"
	}
	return s
}

// clean keeps what a terminal would obey, or what has no width, out of a drawing.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
}
