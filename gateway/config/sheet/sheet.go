package sheet

import (
	"bytes"
	"fmt"
	"strings"

	"twinhop/gateway/config/verdict"
)

// Value is a key with its value in YAML, and where that comes from. A key
// with dots is one of a mapping within.
type Value struct{ Key, Text, From string }

// Row is a mapping that is written in one line.
type Row struct {
	Values []Value // whose From does not matter
	From   string
}

// Entry is a mapping with a name that is written in several lines.
type Entry struct {
	Name, From string
	Nodes      []Row // a list that stands before the values; a row of one value is that value
	Values     []Value
}

// Sheet is a configuration.
type Sheet struct {
	Head   []string // comments above
	Listen []Value  // the addresses
	Nodes  []Entry
	Pools  []Entry
	Mounts []Row
	Cookie Value // its name
	Status []Entry
	Foot   []string // comments below
}

// Bytes writes it.
func (s *Sheet) Bytes() []byte {
	w := &writer{}
	w.comments(s.Head)
	w.line("", "version: 1\n\nlisten:\n  http:")
	for _, l := range s.Listen {
		w.line(l.From, "    - {addr: "+l.Text+"}")
	}
	w.line("", "\nnodes:")
	for _, n := range s.Nodes {
		w.line(n.From, "  - name: "+Quote(n.Name))
		w.values("    ", n.Values)
	}
	w.line("", "\npools:")
	w.named(s.Pools)
	w.line("", "\nmounts:")
	for _, m := range s.Mounts {
		w.line(m.From, "  - "+flow(m.Values))
	}
	if len(s.Status) > 0 {
		w.line("", "\nstatus:")
		w.named(s.Status)
	}
	w.line("", "\naffinity:\n  http:")
	w.line(s.Cookie.From, "    - {source: cookie, name: "+s.Cookie.Text+"}")
	if len(s.Foot) > 0 {
		w.line("", "")
		w.comments(s.Foot)
	}
	return w.Bytes()
}

// writer writes lines with the place that they come from.
type writer struct{ bytes.Buffer }

func (w *writer) line(from, text string) {
	w.WriteString(text)
	if from != "" {
		w.WriteString(" # " + verdict.Clean(from))
	}
	w.WriteByte('\n')
}

func (w *writer) comments(all []string) {
	for _, c := range all {
		w.line("", "# "+verdict.Clean(c))
	}
}

// named writes the entries of a mapping of names.
func (w *writer) named(all []Entry) {
	for _, e := range all {
		if len(e.Nodes)+len(e.Values) == 0 {
			w.line(e.From, "  "+Quote(e.Name)+": {}")
			continue
		}
		w.line(e.From, "  "+Quote(e.Name)+":")
		if len(e.Nodes) > 0 {
			w.line("", "    nodes:")
		}
		for _, n := range e.Nodes {
			if len(n.Values) == 1 {
				w.line(n.From, "      - "+n.Values[0].Text)
			} else {
				w.line(n.From, "      - "+flow(n.Values))
			}
		}
		w.values("    ", e.Values)
	}
}

// values writes a mapping, and those within it.
func (w *writer) values(indent string, all []Value) {
	for i := 0; i < len(all); {
		head, inner := within(all[i:])
		if len(inner) == 0 {
			w.line(all[i].From, fmt.Sprintf("%s%s: %s", indent, all[i].Key, all[i].Text))
			i++
			continue
		}
		w.line("", indent+head+":")
		w.values(indent+"  ", inner)
		i += len(inner)
	}
}

// flow writes a mapping in one line.
func flow(all []Value) string {
	var parts []string
	for i := 0; i < len(all); {
		head, inner := within(all[i:])
		if len(inner) == 0 {
			parts = append(parts, all[i].Key+": "+all[i].Text)
			i++
			continue
		}
		parts = append(parts, head+": "+flow(inner))
		i += len(inner)
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// within returns the values of the mapping that the first key begins; none
// when it has no dot.
func within(all []Value) (head string, inner []Value) {
	head, _, ok := strings.Cut(all[0].Key, ".")
	if !ok {
		return head, nil
	}
	for _, v := range all {
		key, ok := strings.CutPrefix(v.Key, head+".")
		if !ok {
			break
		}
		inner = append(inner, Value{key, v.Text, v.From})
	}
	return head, inner
}
