package sip

import (
	"errors"

	"twinhop/gateway"
	"twinhop/gateway/cluster"
	"twinhop/sip/needs"
	"twinhop/sip/peek"
)

// Resources say what calls take of their nodes, and what becomes of requests that nothing is said of.
type Resources struct {
	Rules       needs.Rules // of calls from outside
	FromNodes   []string    // of calls that a node begins
	InvitesOnly bool        // other requests outside dialogs are refused
	Full500     bool        // calls for which there is no room are refused as OpenSIPS' users do it
}

var (
	errUnmatched = errors.New("no rule says what this call takes")
	errMethod    = errors.New("only calls are balanced")
)

// require adds to the question what the call takes.
func (w *worker) require() error {
	r := w.set.Resources
	switch {
	case r == nil || w.ask.Kind != gateway.Open:
		return nil
	case w.msg.Method != peek.Invite && r.InvitesOnly:
		return errMethod
	case w.msg.Method != peek.Invite:
		return nil
	case !r.Rules.Find(&w.msg, &w.needs):
		return errUnmatched
	case len(w.needs.Resources) > 0:
		w.ask.Needs = &w.needs
	}
	return nil
}

// takes adds what a call takes that a node begins.
func (w *worker) takes() {
	if r := w.set.Resources; r != nil && len(r.FromNodes) > 0 && w.ask.Counts {
		w.needs = cluster.Needs{Resources: append(w.needs.Resources[:0], r.FromNodes...)}
		w.ask.Needs = &w.needs
	}
}

// refusal is how a request is answered that no node was found for.
func (w *worker) refusal(err error) status {
	switch {
	case errors.Is(err, errUnmatched):
		return noHop
	case errors.Is(err, errMethod):
		return notAllowed
	case errors.Is(err, gateway.ErrResource):
		return noResource
	case errors.Is(err, gateway.ErrBusy) && w.set.Resources != nil && w.set.Resources.Full500:
		return serviceFull
	case errors.Is(err, gateway.ErrBusy):
		return busy
	}
	return noNode
}
