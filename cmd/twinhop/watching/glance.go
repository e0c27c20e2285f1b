package watching

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"twinhop/cmd/twinhop/ask"
)

// glance is what the API says of everything, as far as it is shown.
type glance struct {
	At       time.Time `json:"at"`
	Class    string    `json:"class"`
	Cause    string    `json:"cause"`
	Ready    bool      `json:"ready"`
	UptimeMS int64     `json:"uptimeMs"`
	Sessions struct {
		Total, Keys, MaxKeys int
		Overflow             bool
	}
	Calls  int
	Rates  struct{ HTTP, SIP, Moves, Errors float64 }
	Sticky float64
	Rules  struct{ HTTP, SIP map[string]uint64 }
	Nodes  []node
	Recent []happening
	Config *struct{ Version, Hash string }
}

type node struct {
	Name, Activation string
	Health           map[string]string
	Sessions, Calls  int
	Running          int64
	Served, Failed   uint64
	Rate             float64
	Share, Target    float64
	Checks           map[string]struct {
		State, Why, Detail string
		TookMs             float64
	}
}

// happening is one of the last things that changed.
type happening struct {
	At                                                time.Time
	Count                                             int
	Type, Node, From, Session, Service, Was, Is, Rule string
	Words, Actor, Reason                              string
}

// String tells it in a line.
func (h happening) String() string {
	var words []string
	add := func(format, s string) {
		if s != "" {
			words = append(words, fmt.Sprintf(format, s))
		}
	}
	add("%s", h.Type)
	add("%s", h.Node)
	add("%s", h.Service)
	if h.Is != "" {
		words = append(words, ask.Dash(h.Was)+" -> "+h.Is)
	}
	add("from %s", h.From)
	add("%s", h.Words)
	add("rule %s", h.Rule)
	if h.Count > 1 {
		words = append(words, fmt.Sprintf("%d times", h.Count))
	}
	add("by %s", h.Actor)
	add("(%s)", h.Reason)
	return strings.Join(words, " ")
}

// colour is that of a class or a state of health.
func colour(word string) int {
	switch word {
	case "good", "up", "ok", "active":
		return ask.Green
	case "bad", "down", "stopped":
		return ask.Red
	}
	return ask.Yellow
}

// ready says whether it is, in words.
func (v *glance) ready() string {
	if v.Ready {
		return "ready"
	}
	return "not ready"
}

// good tells whether nothing is wrong.
func (v *glance) good() bool { return v.Class == "good" && v.Ready }

// head is what stands above the nodes.
func (v *glance) head(g *ask.Global, w io.Writer) []string {
	first := fmt.Sprintf("%s, %s  up %s  %s", g.Paint(w, colour(v.Class), v.Class), v.ready(), (time.Duration(v.UptimeMS) * time.Millisecond).Truncate(time.Second), g.Where())
	if v.Cause != "" {
		first += "  " + v.Cause
	}
	if v.Config != nil && v.Config.Version != "" {
		first += "  configuration " + v.Config.Version
	}
	full := ""
	if v.Sessions.Overflow {
		full = "  table full"
	}
	return []string{first,
		fmt.Sprintf("HTTP %.1f/s  SIP %.1f/s  errors %.1f/s  moves %.1f/s  followed affinity %.1f %%", v.Rates.HTTP, v.Rates.SIP, v.Rates.Errors, v.Rates.Moves, 100*v.Sticky),
		fmt.Sprintf("%d sessions  %d calls  %d of %d keys%s", v.Sessions.Total, v.Calls, v.Sessions.Keys, v.Sessions.MaxKeys, full)}
}

// table is that of the nodes, as lines. wide adds what is wrong, and their share.
func (v *glance) table(wide bool) []string {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	header := []any{"NODE", "ACTIVATION", "HEALTH", "SESSIONS", "CALLS", "RUNNING", "REQ/S", "FAILED"}
	if wide {
		header = append(header, "SHARE", "TARGET", "CHECKS")
	}
	ask.Line(t, header...)
	for _, n := range v.Nodes {
		var health []string
		for _, s := range slices.Sorted(maps.Keys(n.Health)) {
			health = append(health, s+"="+n.Health[s])
		}
		row := []any{n.Name, n.Activation, ask.Dash(strings.Join(health, " ")), n.Sessions, n.Calls, n.Running, fmt.Sprintf("%.1f", n.Rate), n.Failed}
		if wide {
			row = append(row, fmt.Sprintf("%.0f %%", 100*n.Share), fmt.Sprintf("%.0f %%", 100*n.Target), ask.Dash(n.checks()))
		}
		ask.Line(t, row...)
	}
	_ = t.Flush() // to memory
	return strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
}

// checks tells how the probes of a node went.
func (n *node) checks() string {
	var all []string
	for _, s := range slices.Sorted(maps.Keys(n.Checks)) {
		x := n.Checks[s]
		all = append(all, fmt.Sprintf("%s %.1f ms %s", s, x.TookMs, strings.TrimSpace(x.Why+" "+x.Detail)))
	}
	return strings.Join(all, "; ")
}

// troubled tells whether a line of the table is about a node that is not as it should be.
func (n *node) troubled() (word string) {
	for _, h := range n.Health {
		if h == "down" {
			return h
		}
		if h != "up" {
			word = h
		}
	}
	if word == "" && n.Activation != "active" {
		return "disabled"
	}
	return word
}

// rows is the table, each line in the colour of its node.
func (v *glance) rows(g *ask.Global, w io.Writer, wide bool) []string {
	lines := v.table(wide)
	lines[0] = g.Paint(w, ask.Bold, lines[0])
	for i := range v.Nodes {
		if word := v.Nodes[i].troubled(); word != "" {
			lines[i+1] = g.Paint(w, colour(word), lines[i+1])
		}
	}
	return lines
}

// recent are the last things that changed, at most n.
func (v *glance) recent(n int) []string {
	var lines []string
	for _, h := range v.Recent[:min(n, len(v.Recent))] {
		lines = append(lines, ask.Clock(h.At)+"  "+h.String())
	}
	return lines
}

// rules are the rules that decided most, of one protocol.
func rules(counts map[string]uint64, most int) string {
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		if counts[a] != counts[b] {
			if counts[a] > counts[b] {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
	var all []string
	for _, name := range names[:min(most, len(names))] {
		all = append(all, fmt.Sprintf("%s %d", name, counts[name]))
	}
	return ask.Dash(strings.Join(all, "  "))
}
