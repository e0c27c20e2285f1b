package sip

import (
	"errors"

	"twinhop/gateway"
	"twinhop/gateway/cluster"
	"twinhop/sip/answers"
	"twinhop/sip/needs"
	"twinhop/sip/peek"
)

// Resources say what calls take of their nodes, and what becomes of requests that nothing is said of.
type Resources struct {
	Rules       needs.Rules // of calls from outside; the pools that they name are for all that stands outside dialogs
	FromNodes   []string    // of calls that a node begins
	InvitesOnly bool        // other requests outside dialogs are refused
	Full500     bool        // calls for which there is no room are refused as OpenSIPS' users do it
}

var (
	errUnmatched = errors.New("no rule says what this call takes")
	errMethod    = errors.New("only calls are balanced")
)

// require finds out what a call takes, and which pool it goes to with all that opens something.
func (w *worker) require(opens bool) error {
	w.takes = false
	r := w.set.Resources
	if r == nil || !opens {
		return nil
	}
	invite := w.msg.Method == peek.Invite
	switch {
	case !invite && r.InvitesOnly:
		return errMethod
	case !invite && len(w.set.groups) == 0:
		return nil
	}
	pool, ok := r.Rules.Find(&w.msg, &w.needs)
	if invite && !ok {
		return errUnmatched
	}
	w.takes = invite && len(w.needs.Resources) > 0
	if len(w.set.groups) > 0 && w.booked() != nil {
		w.takes = w.takes && (pool == "" || pool == w.pool.Name) // else what was said of it has changed meanwhile
	} else if len(w.set.groups) > 0 {
		w.group(pool)
	}
	return nil
}

// begun adds what a call takes that a node begins.
func (w *worker) begun() {
	if r := w.set.Resources; r != nil && len(r.FromNodes) > 0 && w.ask.Counts {
		w.needs = cluster.Needs{Resources: append(w.needs.Resources[:0], r.FromNodes...)}
		w.ask.Needs = &w.needs
	}
}

// refusal is how a request is answered that no node was found for.
func (w *worker) refusal(err error) answers.Status {
	switch {
	case errors.Is(err, errUnmatched):
		return answers.NoHop
	case errors.Is(err, errMethod):
		return answers.NotAllowed
	case errors.Is(err, gateway.ErrResource):
		return answers.NoResource
	case errors.Is(err, gateway.ErrBusy) && w.set.Resources != nil && w.set.Resources.Full500:
		return answers.ServiceFull
	case errors.Is(err, gateway.ErrBusy):
		return answers.Busy
	}
	return answers.NoNode
}
