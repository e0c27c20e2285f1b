package explain

import (
	"errors"
	"testing"

	"twinhop/admin/access"
	"twinhop/admin/problem"
	"twinhop/gateway/cluster"
)

// To suppose an affinity costs as much as to set one: viewers cannot.
func TestSupposingAnAffinityNeedsARole(t *testing.T) {
	d := Desk{View: func() *cluster.View { return &cluster.View{} }}
	for role, want := range map[access.Role]int{access.RoleViewer: 403, access.RoleOperator: 404} { // nobody plays here
		_, err := d.Ask(t.Context(), []byte(`{"http": {"url": "/"}, "assume": {"affinity": {}}}`), role)
		if p := (*problem.Problem)(nil); !errors.As(err, &p) || p.Status != want {
			t.Errorf("%v: %v, want %d", role, err, want)
		}
	}
}
