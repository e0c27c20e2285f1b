package show

import (
	"time"

	"twinhop/admin/nodes"
	"twinhop/admin/operate"
	"twinhop/admin/stamp"
)

// Operation is an operation as the API shows it.
type Operation struct {
	ID     string        `json:"id"`
	Kind   string        `json:"kind"` // "drain"
	Node   string        `json:"node"`
	Stop   bool          `json:"stop"`
	State  operate.State `json:"state"`
	Why    string        `json:"why,omitempty"`
	By     string        `json:"by,omitempty"`
	Reason string        `json:"reason,omitempty"`
	Total  operate.Held  `json:"total"`     // when it began
	Left   operate.Held  `json:"remaining"` // now
	Began  *stamp.Time   `json:"startedAt"`
	Ended  *stamp.Time   `json:"endedAt,omitempty"`
	TookMS int64         `json:"tookMs"`
}

// OperationOf shows an operation as it is now.
func OperationOf(o operate.Operation, now time.Time) Operation {
	v := Operation{ID: o.ID, Kind: "drain", Node: o.Node, Stop: o.Stop, State: o.State, Why: nodes.Clean(o.Why), By: o.By,
		Reason: nodes.Clean(o.Reason), Total: o.First, Left: o.Left, Began: stamp.Of(o.Began), Ended: stamp.Of(o.Ended)}
	end := o.Ended
	if end.IsZero() {
		end = now
	}
	v.TookMS = end.Sub(o.Began).Milliseconds()
	return v
}
