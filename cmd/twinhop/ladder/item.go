package ladder

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Item is one of a timeline, as the API has it.
type Item struct {
	At        time.Time `json:"at"`
	Count     int       `json:"count"`
	Type      string    `json:"type"` // "message", "exchange", "decision", "learned", "moved"
	Proto     string    `json:"proto"`
	Kind      string    `json:"kind"`
	Node      string    `json:"node"`
	From      string    `json:"from"`
	Rule      string    `json:"rule"`
	Failed    bool      `json:"failed"`
	Keys      []Key     `json:"keys"`
	N         uint64    `json:"n"`
	Direction string    `json:"direction"`
	Side      string    `json:"side"`
	Method    string    `json:"method"`
	Status    int       `json:"status"`
	Path      string    `json:"path"`
	Peer      string    `json:"peer"`
	Transport string    `json:"transport"`
	TookMS    float64   `json:"tookMs"`
	Kept      bool      `json:"kept"`
}

// Key is one that a message had.
type Key struct{ Space, Source, Verb, Text string }

// ID tells items of one timeline apart, from one reading of it to the next.
func (i *Item) ID() string {
	if i.N != 0 {
		return fmt.Sprintf("%s %d", i.Proto, i.N)
	}
	return fmt.Sprintf("%s %s %s %s %s %s %d", i.At.Format(time.RFC3339Nano), i.Type, i.Proto, i.Kind, i.Node, i.Rule, i.Count)
}

// said is what a decision or a move comes to, in words.
func (i *Item) said() string {
	var words []string
	switch i.Type {
	case "decision":
		words = append(words, strings.TrimSpace(i.Proto+" "+i.Kind)+":")
	default:
		words = append(words, i.Type)
	}
	if i.Rule != "" {
		words = append(words, i.Rule)
	}
	if i.From != "" && i.From != i.Node {
		words = append(words, i.From)
	}
	if i.Node != "" {
		words = append(words, "-> "+i.Node)
	}
	if i.Failed {
		words = append(words, "(failed)")
	}
	for _, k := range i.Keys {
		words = append(words, strings.Join(slices.DeleteFunc([]string{k.Verb, k.Source + "=" + k.Text}, func(s string) bool { return s == "" }), " "))
	}
	if i.Count > 1 {
		words = append(words, fmt.Sprintf("(%d times)", i.Count))
	}
	return strings.Join(words, " ")
}

// arrow is a message on its way from one lane to another.
type arrow struct {
	at       time.Time
	n        uint64
	from, to string // lanes
	label    string
	bad      bool
	kept     bool
	note     string // instead of an arrow: what the gateway decided
	moved    bool
}

// arrows are those of an item: a message has one, an exchange one there and one back.
func (i *Item) arrows() []arrow {
	client, node := lane{"client", "HTTP"}.key(), lane{"node", i.Node}.key()
	switch {
	case i.Type != "message" && i.Type != "exchange":
		return []arrow{{at: i.At, note: i.said(), bad: i.Failed, moved: i.Type == "moved"}}
	case i.Node == "":
		node = middle
	}
	if i.Type == "exchange" {
		there := arrow{at: i.At, n: i.N, from: client, to: node, label: i.Method + " " + i.Path, kept: i.Kept}
		back := arrow{at: i.At.Add(time.Duration(i.TookMS * float64(time.Millisecond))), n: i.N, from: node, to: client,
			label: fmt.Sprintf("%d %s %.1f ms", i.Status, i.Method, i.TookMS), bad: i.Status >= 400, kept: i.Kept}
		if i.Status == 0 {
			back.label, back.bad = "no answer", true
		}
		return []arrow{there, back}
	}
	a := arrow{at: i.At, n: i.N, from: lane{"client", "SIP " + i.Peer}.key(), to: middle, label: i.Method, kept: i.Kept}
	if i.Side == "node" {
		a.from = node
	}
	if i.Direction == "out" {
		a.from, a.to = a.to, a.from
	}
	if i.Status > 0 {
		a.label, a.bad = fmt.Sprintf("%d %s", i.Status, i.Method), i.Status >= 400
	}
	return []arrow{a}
}
