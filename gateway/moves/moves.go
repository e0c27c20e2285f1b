package moves

import (
	"context"
	"errors"
	"fmt"

	"twinhop/appsession"
	"twinhop/gateway/cluster"
)

// Table is the affinity table with what is told of a move.
type Table struct {
	appsession.Store
	Moved func(appsession.ID, appsession.Change) // nil: nobody wants to know; the zero ID is all sessions of a node
}

func (t *Table) tell(id appsession.ID, c appsession.Change) {
	if t.Moved != nil {
		t.Moved(id, c)
	}
}

// Switchover moves everything that lives on the node of one route to the node
// of another, and returns how many sessions moved. The first may be long gone.
func (t *Table) Switchover(ctx context.Context, v *cluster.View, fromRoute, toRoute string) (int, error) {
	from, to := v.RouteNode(fromRoute), v.Named(v.RouteNode(toRoute))
	switch {
	case from == "":
		return 0, fmt.Errorf("switchover from route %q: %w", fromRoute, cluster.ErrUnknownNode)
	case to == nil:
		return 0, fmt.Errorf("switchover to route %q: %w", toRoute, cluster.ErrUnknownNode)
	}
	m, ok := t.Store.(appsession.Mover)
	if !ok {
		return 0, errors.New("switchover: this affinity store cannot move sessions together")
	}
	c := appsession.Change{From: from, To: to.Name, Gen: to.Gen, Leave: true}
	n, err := m.MoveAll(ctx, c)
	if err == nil {
		t.tell(appsession.ID{}, c)
	}
	return n, err
}

// Relocate moves one session to another node, with the calls that are where it
// was: they are marked, and stay there.
func (t *Table) Relocate(ctx context.Context, x appsession.Session, to *cluster.Node) error {
	c := appsession.Change{From: x.Owner, To: to.Name, Gen: to.Gen, Leave: true}
	if _, err := t.Move(ctx, x.ID, c); err != nil {
		return err
	}
	for _, k := range x.Keys {
		if k.Space != appsession.Call || k.Node != "" && k.Node != x.Owner {
			continue
		}
		k.Node, k.Moved = to.Name, true
		if _, err := t.Bind(ctx, appsession.Binding{ID: x.ID, Owner: to.Name, Gen: to.Gen}, []appsession.Alias{k}); err != nil {
			return err
		}
	}
	t.tell(x.ID, c)
	return nil
}
