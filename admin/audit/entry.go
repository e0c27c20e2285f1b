package audit

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"twinhop/admin/stamp"
)

// The results of deeds.
const (
	OK      = "ok"
	Refused = "refused"
)

// Entry is one deed, as the API and the file have it.
type Entry struct {
	ID        string          `json:"id"` // "a_17"; grows by one with each
	At        *stamp.Time     `json:"at"`
	Actor     string          `json:"actor"` // "ada", "token:ci", "local"
	Role      string          `json:"role,omitempty"`
	Via       string          `json:"via"` // "cookie", "token", "socket", "link", "password", "signal", "jkstatus"
	IP        string          `json:"ip,omitempty"`
	Action    string          `json:"action"`           // "node.set"
	Object    string          `json:"object,omitempty"` // "node:node1"
	Before    json.RawMessage `json:"before,omitempty"`
	After     json.RawMessage `json:"after,omitempty"`
	Reason    string          `json:"reason,omitempty"`
	RequestID string          `json:"requestId,omitempty"`
	Result    string          `json:"result"`
	Status    int             `json:"status,omitempty"` // of the answer
	DryRun    bool            `json:"dryRun,omitempty"`
}

const idPrefix = "a_"

// Number implements listing.Numbered.
func (e *Entry) Number() uint64 {
	n, _ := strconv.ParseUint(strings.TrimPrefix(e.ID, idPrefix), 10, 64)
	return n
}

// When implements listing.Numbered.
func (e *Entry) When() time.Time {
	if e.At == nil {
		return time.Time{}
	}
	return time.Time(*e.At)
}

// maxValue bounds what is kept of a state before or after.
const maxValue = 4 << 10

// Value is a state before or after a deed, in JSON; nil for nil, and for what
// is too large to be of use to a reader.
func Value(v any) json.RawMessage {
	if v == nil {
		return nil
	}
	text, err := json.Marshal(v)
	switch {
	case err != nil || string(text) == "null" || string(text) == "{}":
		return nil
	case len(text) > maxValue:
		return json.RawMessage(`"` + strconv.Itoa(len(text)) + ` bytes"`)
	}
	return text
}
