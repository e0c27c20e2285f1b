package heartbeat

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"time"

	"twinhop/gateway/jsonlines"
)

// kept is a record as a file keeps it.
type kept struct {
	Announcement
	From    netip.Addr
	First   time.Time
	Beats   int64
	Drained bool `json:",omitempty"`
}

// header is the first line of the file, maxLine bounds the others.
const (
	header  = "twinhop nodes 1\n"
	maxLine = 32 << 10
)

var file = jsonlines.Format{Header: header, MaxLine: maxLine}

// Changes counts how often there was something new to Save.
func (r *Roster) Changes() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.changes
}

// Save writes the records, so that a process that Loads them knows its nodes
// before their next heartbeat. What is written is a secret.
func (r *Roster) Save(w io.Writer) error {
	r.mu.Lock()
	all := make([]kept, 0, len(r.records))
	for _, x := range r.records {
		k := kept{x.Announcement, x.from, x.first, x.beats, x.drained}
		k.Load = nil // it says how things were
		all = append(all, k)
	}
	r.mu.Unlock()
	if err := jsonlines.Save(w, file, slices.Values(all)); err != nil {
		return fmt.Errorf("saving announced nodes: %w", err)
	}
	return nil
}

// Load reads what Save wrote into a Roster that has Settings: nodes are there
// as if they had been heard of just now. It believes no more of it than of a
// node that announces itself; what it does not is left out, and the error says
// how much. It returns how many records were taken.
func (r *Roster) Load(from io.Reader) (n int, err error) {
	wrong, err := jsonlines.Load(from, file, func(k *kept) bool {
		if r.restore(k) != nil {
			return false
		}
		n++
		return true
	})
	switch {
	case errors.Is(err, jsonlines.ErrFormat):
		return 0, errors.New("loading announced nodes: this is not a file of them")
	case err != nil:
		return n, fmt.Errorf("loading announced nodes: after %d of them: %w", n, err)
	case wrong > 0:
		return n, fmt.Errorf("loading announced nodes: %d are not taken", wrong)
	}
	return n, nil
}

// restore takes a record back.
func (r *Roster) restore(k *kept) error {
	if err := r.Ping(k.From, k.Announcement); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, x := range r.records {
		if x.IP == k.IP.Unmap() && x.Ports == k.Ports {
			x.first, x.beats, x.drained = k.First, k.Beats, k.Drained
		}
	}
	return r.enrol(r.records)
}
