package jkstatus

import (
	"errors"
	"fmt"
	"strings"

	"twinhop/admin/jkstatus/workers"
	"twinhop/gateway/cluster"
)

// rating is a set of pairs of activation and state, a bit for each pair.
type rating uint32

// The states that are told apart; probing and forced are as recovering.
const (
	rateOK = iota
	rateIdle
	rateBusy
	rateRecovering
	rateError
	rates
)

var rateOf = map[cluster.State]int{
	cluster.StateIdle: rateIdle, cluster.StateOK: rateOK, cluster.StateRecovering: rateRecovering, cluster.StateForced: rateRecovering,
	cluster.StateProbing: rateRecovering, cluster.StateBusy: rateBusy, cluster.StateError: rateError,
}

func pair(a cluster.Activation, state int) rating { return 1 << (int(a)*rates + state) }

// every gives the pairs that a letter stands for.
func every(letter byte) (rating, bool) {
	var all rating
	if i := strings.IndexByte("ads", letter|0x20); i >= 0 {
		for s := range rates {
			all |= pair(cluster.Activation(i), s)
		}
		return all, true
	}
	state, ok := map[byte]int{'o': rateOK, 'i': rateIdle, 'n': rateIdle, 'b': rateBusy, 'r': rateRecovering, 'e': rateError}[letter|0x20]
	for a := range cluster.Stopped + 1 {
		all |= pair(a, state)
	}
	return all, ok
}

// ErrRating is the error of words that say no rating.
var ErrRating = errors.New("not a rating: letters a d s (activation) and o i b r e (state), two of them joined by a dot")

// parseRating reads mod_jk's words: "a.o" is active and ok, "s" is stopped.
// Words count by their first letter.
func parseRating(words []string) (rating, error) {
	var all rating
	for _, w := range words {
		one := ^rating(0)
		for i, part := range strings.Split(strings.Trim(w, " \t."), ".") {
			if part == "" || i > 1 {
				return 0, fmt.Errorf("%q: %w", w, ErrRating)
			}
			mask, ok := every(part[0])
			if !ok {
				return 0, fmt.Errorf("%q: %w", w, ErrRating)
			}
			one &= mask
		}
		all |= one
	}
	return all, nil
}

// What is good and bad when nothing is said.
var (
	defaultGood = []string{"a.o", "a.i", "a.b", "a.r"}
	defaultBad  = []string{"e", "s"}
)

// rate counts the members that are good, degraded and bad; bad is looked at
// first.
func (w *Worker) rate(b *workers.Balancer) (good, degraded, bad int) {
	for i := range b.Members {
		m := &b.Members[i]
		switch is := pair(m.Activation, rateOf[m.State]); {
		case is&w.bad != 0:
			bad++
		case is&w.good != 0:
			good++
		default:
			degraded++
		}
	}
	return good, degraded, bad
}
