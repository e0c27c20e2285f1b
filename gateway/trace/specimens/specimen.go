package specimens

import (
	"hash/maphash"
	"net/netip"
	"strings"
	"time"
	"unsafe"

	"twinhop/appsession"
	"twinhop/gateway"
	"twinhop/gateway/trace"
)

// Specimen is one message that was served: an HTTP request, or a SIP request
// outside dialogs from a client. It does not change once it is kept.
type Specimen struct {
	At            time.Time
	SIP           bool
	From          netip.Addr // of the client
	Pool, Variant string     // that it belonged to
	Node          string     // who served it
	Session       appsession.ID
	Rule          gateway.Rule
	Hint          string         // SIP: the node that the message itself named; "": none
	HintBy        gateway.Source // where it did
	Instance      string         // HTTP: the node whose instance id the path has; "": none
	Cookie        string         // HTTP: name of the session cookie where the pool has its own; ""
	Keys          []Key          // in the order of the message
	Tried         []Tried        // SIP: exclusions in force that were tried on it
}

// Key is one place of a message with what stood there.
type Key struct {
	Source gateway.Source
	Name   string // of a parameter, cookie or header, these in lower case
	Value  uint64 // Hash of it; 0: it is there, but is no key (several values, too long)
	IDs    Splits // of places that may hold a session id; zero: it is none
	Text   string // for people
}

// Splits are a session id cut at its first and at its last dot. An id without
// a route is twice the same.
type Splits [2]Split

// Split is a session id in two parts.
type Split struct {
	Base  uint64 // Hash of it; 0: there is none, it is a route only
	Route string // Foreign when no node of the pool has it; "": it has none
}

// Foreign stands for a route that belongs to nobody: it may be part of a
// secret that is no session id. No route is written so.
const Foreign = "?"

// Tried is an expression of an exclusion, tried when the value was still there.
type Tried struct {
	Source  gateway.Source
	Name    string // of a header
	Pattern string
	Matched bool
}

// MaxKeys is how many places of one message are kept.
const MaxKeys = 32

const maxName = 64 // bytes of a name: longer ones are not kept

// seed makes hashes good for this process only.
var seed = maphash.MakeSeed()

// Hash is what is kept of a value: equal for equal ones, never 0.
func Hash(value string) uint64 { return max(maphash.String(seed, value), 1) }

// Value is one that was read, before it is forgotten.
type Value struct {
	Source  gateway.Source
	Name    string
	Text    string // "": there is something, but no key
	Private bool   // nobody configured it: fewer letters of it are shown
	IDs     Splits
}

// spaceOf tells how much of a value may be shown: as much as of a key of this
// space. What nobody called a key may be anything, and counts as a secret.
func (v *Value) space() appsession.Space {
	switch {
	case v.Source == gateway.SourceCookie || v.Source == gateway.SourcePath || v.Private:
		return appsession.HTTP
	case v.Source == gateway.SourceCallID:
		return appsession.Call
	}
	return appsession.App
}

// Add keeps what stands for a value.
func (s *Specimen) Add(v Value) {
	if len(s.Keys) == MaxKeys || len(v.Name) > maxName {
		return
	}
	k := Key{Source: v.Source, Name: strings.Clone(v.Name), IDs: v.IDs}
	if v.Text != "" {
		k.Value, k.Text = Hash(v.Text), trace.Mask(appsession.Key{Space: v.space(), Value: v.Text})
	}
	s.Keys = append(s.Keys, k)
}

// Find is the first key of a place; nil: there is none.
func (s *Specimen) Find(source gateway.Source, name string) *Key {
	for i := range s.Keys {
		if k := &s.Keys[i]; k.Source == source && k.Name == name {
			return k
		}
	}
	return nil
}

// size is about how many bytes it takes in memory.
func (s *Specimen) size() int {
	n := int(unsafe.Sizeof(*s)) + cap(s.Keys)*int(unsafe.Sizeof(Key{})) + cap(s.Tried)*int(unsafe.Sizeof(Tried{}))
	for i := range s.Keys {
		n += len(s.Keys[i].Text) // names are shared
		for _, x := range s.Keys[i].IDs {
			n += len(x.Route)
		}
	}
	return n
}
