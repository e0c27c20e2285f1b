package appsession

import (
	"encoding/binary"
	"encoding/hex"
	"log/slog"

	"github.com/dchest/siphash"
)

// Space tells what a key's value is. Keys of different spaces never meet,
// however equal their values are.
type Space uint8

// The spaces.
const (
	NoSpace Space = iota
	App           // an identity: the appsession parameter, a SIP user, an application session key
	Call          // a SIP Call-ID, compared byte by byte (RFC 3261 section 20.8)
	HTTP          // an HTTP session id without its jvmRoute
	Flow          // a connection, such as the WebSocket of a page; its number means something to one process only
)

var spaceNames = [...]string{"", "app", "call", "http", "flow"}

// String returns the word used in logs, metrics and the API.
func (s Space) String() string {
	if int(s) < len(spaceNames) {
		return spaceNames[s]
	}
	return "unknown"
}

// MaxValue is the longest key value kept as it is, in bytes. Longer values
// are replaced by a keyed hash (see Namer.Fit), so that a stranger's Call-IDs
// do not decide how much memory the table takes.
const MaxValue = 512

// Key is one name of an application session. It is comparable. Realm keeps
// the keys of pools with different nodes apart; 0 is the default realm.
//
// Value may be a view of a packet buffer and is then valid only during the
// call it is passed to: whoever keeps it clones it.
type Key struct {
	Space Space
	Realm uint16
	Value string
}

// LogValue hides the value: session ids and Call-IDs are secrets in logs.
func (k Key) LogValue() slog.Value {
	h := siphash.Hash(0x74776e, 0x686f70, []byte(k.Value))
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], h)
	return slog.StringValue(k.Space.String() + ":#" + hex.EncodeToString(b[:4]))
}

// ID names an application session towards people and other gateways. It is a
// keyed hash of the session's first key, so that every gateway with the same
// secret gives one session the same name.
type ID [16]byte

// IsZero tells whether the ID names nothing.
func (id ID) IsZero() bool { return id == ID{} }

// Next returns the name a session gets when another one has this name.
func (id ID) Next() ID {
	binary.BigEndian.PutUint64(id[8:], binary.BigEndian.Uint64(id[8:])+1)
	if id.IsZero() {
		id[15] = 1
	}
	return id
}

// String returns the ID in the form shown by the API: "s_" and 32 hex digits.
func (id ID) String() string { return "s_" + hex.EncodeToString(id[:]) }

// ParseID reads what String wrote; ok is false for anything else.
func ParseID(s string) (id ID, ok bool) {
	if len(s) != 34 || s[:2] != "s_" {
		return ID{}, false
	}
	if _, err := hex.Decode(id[:], []byte(s[2:])); err != nil {
		return ID{}, false
	}
	return id, true
}

// Namer derives session names and short forms of long values from a secret.
// The zero Namer works with a well-known secret and is fit for tests only.
type Namer struct{ K0, K1 uint64 }

// ID returns the name of the session whose first key is k. It does not
// allocate.
func (n Namer) ID(k Key) ID {
	// Space and realm are folded into the key, which spares a copy of the value.
	mix := uint64(k.Space)<<16 | uint64(k.Realm)
	lo, hi := siphash.Hash128(n.K0^mix, n.K1, bytesOf(k.Value))
	var id ID
	binary.BigEndian.PutUint64(id[:8], lo)
	binary.BigEndian.PutUint64(id[8:], hi)
	if id.IsZero() {
		id[15] = 1
	}
	return id
}

// Fit returns k unchanged when its value is short enough to be kept, else the
// same key with the value replaced by its keyed hash.
func (n Namer) Fit(k Key) Key {
	if len(k.Value) <= MaxValue {
		return k
	}
	id := n.ID(k)
	k.Value = "#" + hex.EncodeToString(id[:])
	return k
}
