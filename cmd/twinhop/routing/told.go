package routing

import (
	"cmp"
	"fmt"
	"io"

	"twinhop/cmd/twinhop/ask"
)

// told is as much of an answer as the table has.
type told struct {
	Title, Proto, Kind, Node, Rule, Pool, Session, Hint, Serves, Toward, Asks string
	CreatesSession, Guest, Moved                                              bool
	Keys                                                                      []struct {
		Source, Value, Node, Session string
		Known                        bool
	}
	Steps []struct {
		Rule, Result, Detail, Node string
		Key                        *struct{ Value string }
	}
	Rewrites         []struct{ What, Before, After, Why string }
	Answer, Redirect *answer
	Dropped          []string
	Faults           []struct {
		Line, Column int
		Message      string
	}
}

type answer struct {
	Status           int
	Reason, Location string
}

func (a *answer) String() string {
	if a.Location == "" {
		return fmt.Sprintf("%d %s", a.Status, a.Reason)
	}
	return fmt.Sprintf("%d %s: %s", a.Status, a.Reason, a.Location)
}

// fine tells an answer of the gateway's own that is none of a failure.
func (t *told) fine() bool { return t.Answer != nil && t.Answer.Status < 300 }

// write prints the answer; all: with every step and change.
func (t *told) write(w io.Writer, all bool) {
	say := func(what, value string) {
		if value != "" {
			ask.Line(w, what, value)
		}
	}
	say("message", t.Title)
	say("node", ask.Dash(t.Node))
	say("rule", t.Rule)
	say("pool", t.Pool)
	say("session", t.where())
	say("names", t.Hint)
	if t.Redirect != nil {
		say("redirect", t.Redirect.String())
	}
	if t.Answer != nil {
		say("answer", t.Answer.String())
	}
	say("served by", t.Serves)
	say("toward", t.Toward)
	say("asks for", t.Asks)
	for _, why := range t.Dropped {
		say("dropped", why)
	}
	for _, f := range t.Faults {
		say("fault", fmt.Sprintf("%d:%d: %s", f.Line, f.Column, f.Message))
	}
	for _, k := range t.Keys {
		found := "not known"
		if k.Known {
			found = "known: " + k.Node + ", " + k.Session
		}
		say("key", k.Source+" "+k.Value+" ("+found+")")
	}
	if !all {
		return
	}
	for i, s := range t.Steps {
		key := ""
		if s.Key != nil {
			key = " " + s.Key.Value
		}
		say(fmt.Sprintf("step %d", i+1), fmt.Sprintf("%s %s%s: %s (%s)", s.Result, s.Rule, key, s.Detail, cmp.Or(s.Node, "-")))
	}
	for _, r := range t.Rewrites {
		say(r.What, fmt.Sprintf("%q -> %q (%s)", r.Before, r.After, r.Why))
	}
}

func (t *told) where() string {
	switch {
	case t.CreatesSession:
		return "a new one"
	case t.Moved:
		return t.Session + ", which moves"
	case t.Guest:
		return t.Session + ", which stays elsewhere"
	}
	return t.Session
}
