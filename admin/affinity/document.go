package affinity

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"twinhop/gateway/config"
	"twinhop/gateway/config/form"
)

// Document is the affinity of a configuration with the same keys, all of them.
type Document struct {
	Leader   string       `json:"leader"`
	HTTP     []HTTPSource `json:"http"`
	SIP      []SIPSource  `json:"sip"`
	Route    Route        `json:"route"`
	Instance bool         `json:"instance"`
	MaxKeys  int          `json:"maxKeys"`
	TTL      TTL          `json:"ttl"`
}

// HTTPSource is config.HTTPSource.
type HTTPSource struct {
	Source string `json:"source"`
	Name   string `json:"name"`
}

// SIPSource is config.SIPSource.
type SIPSource struct {
	Source  string   `json:"source"`
	Exclude *Exclude `json:"exclude,omitempty"`
}

// Exclude is config.Exclude.
type Exclude struct {
	Users    []string `json:"users,omitempty"`
	Pattern  string   `json:"pattern,omitempty"`
	Networks []string `json:"networks,omitempty"`
}

// Route is config.RouteWords.
type Route struct {
	Delimiter string `json:"delimiter"`
	Query     string `json:"query"`
	AnyCase   bool   `json:"anyCase"`
}

// TTL is config.TTL. Lives are written as in the configuration: "30m".
type TTL struct {
	Idle string `json:"idle"`
	Max  string `json:"max"`
}

// Of is the document of an affinity.
func Of(a *config.Affinity) *Document {
	d := &Document{Leader: a.Leader, HTTP: []HTTPSource{}, SIP: []SIPSource{}, Route: Route(a.Route), Instance: a.Instance, MaxKeys: a.MaxKeys,
		TTL: TTL{form.Short(a.TTL.Idle), form.Short(a.TTL.Max)}}
	for _, s := range a.HTTP {
		d.HTTP = append(d.HTTP, HTTPSource(s))
	}
	for _, s := range a.SIP {
		x := SIPSource{Source: s.Source}
		if e := s.Exclude; len(e.Users) > 0 || len(e.Networks) > 0 || e.Pattern != "" {
			x.Exclude = &Exclude{e.Users, e.Pattern, e.Networks}
		}
		d.SIP = append(d.SIP, x)
	}
	return d
}

// ETag names what is in force: another one when anything is different, or when
// it comes from elsewhere.
func (s *State) ETag() string {
	text, _ := json.Marshal([]any{Of(&s.Now), s.Said}) // nothing in it that JSON could not say
	sum := sha256.Sum256(text)
	return `"` + hex.EncodeToString(sum[:8]) + `"`
}
