package limits

import (
	"cmp"
	"net/netip"
	"slices"
)

// Page is a State as the API gives it.
type Page struct {
	Bans        []BanLine         `json:"bans"`   // those of which most was dropped
	Banned      int               `json:"banned"` // all of them
	Sources     int               `json:"sources"`
	Scanners    []Hit             `json:"scanners"`
	Shed        map[string]uint64 `json:"shed"`
	Pending     Pending           `json:"pending"`
	Connections []Connections     `json:"connections"`
}

// BanLine is a Ban as the API gives it: a single address has no length.
type BanLine struct {
	Source  string `json:"source"`
	Until   string `json:"until"` // RFC 3339, with milliseconds
	Dropped int    `json:"dropped"`
}

// MaxBans is how many bans are listed: a flood from everywhere must not make a page of its own.
const MaxBans = 200

// Page sorts the state out. clean makes a configured word fit to be shown.
func (s State) Page(clean func(string) string) *Page {
	bans := slices.SortedFunc(slices.Values(s.Bans), func(a, b Ban) int {
		return cmp.Or(cmp.Compare(b.Dropped, a.Dropped), a.Source.Addr().Compare(b.Source.Addr()))
	})
	p := &Page{Bans: []BanLine{}, Banned: len(bans), Sources: s.Sources, Scanners: []Hit{}, Shed: s.Shed, Pending: s.Pending,
		Connections: append([]Connections{}, s.Connections...)}
	for _, b := range bans[:min(len(bans), MaxBans)] {
		p.Bans = append(p.Bans, BanLine{sourceText(b.Source), b.Until.UTC().Format("2006-01-02T15:04:05.000Z07:00"), b.Dropped})
	}
	for _, h := range s.Scanners {
		p.Scanners = append(p.Scanners, Hit{clean(h.Word), h.Hits})
	}
	for _, counts := range []*map[string]uint64{&p.Shed, &p.Pending.Left, &p.Pending.Answers} {
		if *counts == nil {
			*counts = map[string]uint64{} // an object, also when there is nothing in it
		}
	}
	return p
}

func sourceText(p netip.Prefix) string {
	if p.IsSingleIP() {
		return p.Addr().String()
	}
	return p.String()
}
