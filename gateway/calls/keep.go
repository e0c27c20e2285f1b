package calls

import (
	"errors"
	"fmt"
	"io"
	"time"

	"twinhop/appsession"
	"twinhop/gateway/cluster"
	"twinhop/gateway/jsonlines"
)

// kept is a call as a file keeps it.
type kept struct {
	ID       []byte   `json:"id"`
	Realm    uint16   `json:"realm,omitempty"`
	Pool     string   `json:"pool"`
	Node     string   `json:"node"`
	Needs    []string `json:"needs"`
	Born     int64    `json:"born"`
	Until    int64    `json:"until"`
	Answered bool     `json:"answered,omitempty"`
}

// header is the first line of the file.
const header = "twinhop calls 1\n"

// Bounds of a line that is believed.
const (
	maxLine  = 8 << 10
	maxNeeds = 64
	maxID    = 1024
	maxWord  = 64
)

var file = jsonlines.Format{Header: header, MaxLine: maxLine}

// Changes counts how often the calls changed that take resources: while it
// stays the same, there is nothing new to Save.
func (b *Book) Changes() int64 { return b.changed.Load() }

// Save writes the calls that take resources, so that a process that Loads them
// counts what they take till they end. What is written is a secret.
func (b *Book) Save(w io.Writer) error {
	if err := jsonlines.Save(w, file, b.kept); err != nil {
		return fmt.Errorf("saving calls: %w", err)
	}
	return nil
}

// kept yields the calls that Save writes; no lock is held meanwhile.
func (b *Book) kept(yield func(kept) bool) {
	var batch []kept
	for i := range b.stripes {
		s := &b.stripes[i]
		batch = batch[:0]
		s.mu.Lock()
		for call, e := range s.calls {
			if len(e.needs) > 0 && !e.lost {
				batch = append(batch, kept{[]byte(call.Value), call.Realm, e.pool, e.node, e.needs, e.born.Unix(), e.until.Unix(), e.answered})
			}
		}
		s.mu.Unlock()
		for _, k := range batch {
			if !yield(k) {
				return
			}
		}
	}
}

// Load reads what Save wrote and counts the calls again, on the members that
// find returns for their pools and nodes; nil: there is none any more. Of the
// file nothing is believed that cannot be: lines that make no sense are left
// out, and the error says so when everything else was read. Calls whose time
// is over at now are left out as well.
func (b *Book) Load(r io.Reader, now time.Time, find func(pool, node string) *cluster.Member) (n int, err error) {
	wrong, err := jsonlines.Load(r, file, func(k *kept) bool {
		if !k.sane() {
			return false
		}
		if m := find(k.Pool, k.Node); m != nil && b.restore(k, m, now) {
			n++
		}
		return true
	})
	switch {
	case errors.Is(err, jsonlines.ErrFormat):
		return 0, errors.New("loading calls: this is not a file of calls")
	case err != nil:
		return n, fmt.Errorf("loading calls: after %d of them: %w", n, err)
	case wrong > 0:
		return n, fmt.Errorf("loading calls: %d lines make no sense", wrong)
	}
	return n, nil
}

func (k *kept) sane() bool {
	ok := len(k.ID) > 0 && len(k.ID) <= maxID && len(k.Needs) > 0 && len(k.Needs) <= maxNeeds
	for _, name := range k.Needs {
		ok = ok && name != "" && len(name) <= maxWord
	}
	return ok
}

// restore puts a call back into the book, unless its time is over or it is there.
func (b *Book) restore(k *kept, m *cluster.Member, now time.Time) bool {
	born, until := time.Unix(k.Born, 0), time.Unix(k.Until, 0)
	if most := now.Add(b.life(k.Answered)); until.After(most) {
		until = most
	}
	if born.After(now) {
		born = now
	}
	call := appsession.Key{Space: appsession.Call, Realm: k.Realm, Value: string(k.ID)}
	count, s := b.counter(m.Name), b.stripe(call)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !until.After(now) || s.calls[call] != nil || !b.admit() {
		return false
	}
	e := s.add(call, &entry{born: born, until: until, answered: k.Answered, needs: k.Needs})
	e.join(m, count)
	b.hold(e)
	return true
}
