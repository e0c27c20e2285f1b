package events

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// The severities, the least grave first.
const (
	Info = "info"
	Warn = "warn"
	Bad  = "bad"
)

var severities = []string{Info, Warn, Bad}

// Event is an occurrence as the list of events has it. Its Type may be another
// word than that of the occurrence.
type Event struct {
	ID       string `json:"id"` // "e_17"; grows by one with each
	Severity string `json:"severity"`
	Text     string `json:"text"` // one line for people
	Occurrence

	number uint64
	began  time.Time  // the first of Count
	source Occurrence // the last of them
}

// Number implements listing.Numbered.
func (e *Event) Number() uint64 { return e.number }

// When implements listing.Numbered.
func (e *Event) When() time.Time { return e.when() }

// of says an occurrence as an event.
func of(o Occurrence) Event {
	e := Event{Severity: Info, Occurrence: o}
	node := cmp.Or(o.Node, "a node")
	switch o.Type {
	case "node.changed":
		e.changed(node)
	case "node.set":
		e.said(node)
	case "node.drain", "node.drained":
		e.drain(node)
	case "session.moved":
		e.moved()
	case "session.set":
		e.Type, e.Text = "session.moved", fmt.Sprintf("session %s moved from %s to %s", o.Session, o.From, o.Node)
	case "session.forgotten":
		e.Text = fmt.Sprintf("session %s of %s forgotten", o.Session, o.Node)
	case "switchover":
		e.Severity, e.Text = Warn, fmt.Sprintf("everything of route %s moved to %s (%s)", o.From, o.Node, o.Words)
	case "config.reloaded":
		e.Text = "configuration read again"
	case "config.rejected":
		e.Severity, e.Text = Warn, "configuration refused; the one in force stays"
	case "affinity.changed":
		e.Text = "affinity changed: " + cmp.Or(o.Words, "nothing differs")
	case "heartbeat.refused":
		e.Severity, e.Text = Warn, fmt.Sprintf("heartbeat from %s refused: %s", o.From, o.Words)
	case "heartbeat.expired":
		e.Severity, e.Text = Warn, fmt.Sprintf("%s was silent and is removed: %s", node, o.Words)
	case "heartbeat.renamed":
		e.Text = fmt.Sprintf("%s was called %s", node, o.From)
	case "auth.login":
		e.Text = fmt.Sprintf("%s logged in from %s", cmp.Or(o.Actor, "somebody"), o.From)
	case "auth.failed":
		e.Severity, e.Text = Warn, "a log in from "+o.From+" failed"
	case "audit":
		e.Text = o.Words
		if o.Is != "ok" {
			e.Severity, e.Text = Warn, o.Words+" was "+o.Is
		}
	case "shed":
		e.Severity, e.Text = Warn, "SIP messages kept out: "+o.Words
	case "ban":
		e.Severity, e.Text = Warn, fmt.Sprintf("%s is banned: %s", o.From, o.Words)
	default:
		e.Text = plain(&o)
	}
	if o.Actor != "" && !strings.HasPrefix(o.Type, "auth.") {
		e.Text += " by " + o.Actor
	}
	if o.Reason != "" {
		e.Text += ": " + o.Reason
	}
	return e
}

// changed is about what was observed of a node.
func (e *Event) changed(node string) {
	switch {
	case e.Service == "" && e.Is != "":
		e.Type, e.Text = "node.joined", node+" is here"
	case e.Service == "":
		e.Type, e.Severity, e.Text = "node.left", Warn, node+" is gone"
	case strings.Contains(e.Service, " in "):
		e.Type, e.Text = "node.resource", fmt.Sprintf("%s: %s is %s", node, e.Service, cmp.Or(e.Is, "gone"))
		if e.Is == "full" {
			e.Severity = Warn
		}
	default:
		e.Type, e.Text = "node.health", fmt.Sprintf("%s: %s is %s", node, strings.ToUpper(e.Service), cmp.Or(e.Is, "gone"))
		if e.Was != "" {
			e.Text += ", was " + e.Was
		}
		e.Severity = map[string]string{"down": Bad, "recovering": Warn, "": Warn}[e.Is]
		e.Severity = cmp.Or(e.Severity, Info)
	}
}

// said is about what operators want of a node.
func (e *Event) said(node string) {
	e.Type, e.Text = "node.activation", fmt.Sprintf("%s is %s, was %s", node, e.Is, e.Was)
	if e.Was == e.Is {
		e.Type, e.Text = "node.words", node+" is said to have "+e.Words
		if e.Words == "" {
			e.Text = node + " is " + e.Is + ", as before"
		}
		return
	}
	if e.Words != "" {
		e.Text += " (" + e.Words + ")"
	}
	if e.Is == "stopped" || e.Is == "disabled" {
		e.Severity = Warn
	}
}

func (e *Event) drain(node string) {
	state := e.Is
	if e.Type == "node.drain" && state == "disabled" {
		state = "begun"
	}
	e.Type, e.Text = "drain."+state, "drain of "+node+" is "+state
	if state == "begun" {
		e.Text = node + " is drained"
	}
	if state == "failed" {
		e.Severity = Warn
	}
}

func (e *Event) moved() {
	if e.Count > 1 {
		e.Text, e.Session = fmt.Sprintf("%d sessions moved from %s to %s (%s)", e.Count, e.From, e.Node, e.Rule), ""
	} else {
		e.Text = fmt.Sprintf("session %s moved from %s to %s (%s)", e.Session, e.From, e.Node, e.Rule)
	}
	if strings.HasPrefix(e.Rule, "failover") {
		e.Severity = Warn
	}
}

// plain is a text of what has no words of its own here.
func plain(o *Occurrence) string {
	words := []string{o.Type}
	for _, w := range []string{o.Node, o.Session, o.Is, o.Words} {
		if w != "" && !slices.Contains(words, w) {
			words = append(words, w)
		}
	}
	return strings.Join(words, " ")
}
