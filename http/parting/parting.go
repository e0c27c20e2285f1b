package parting

import (
	"context"

	"twinhop/gateway/cluster"
)

// A Cluster is what is looked at.
type Cluster interface {
	View() *cluster.View
	Watch(buffer int) (<-chan cluster.Event, func())
}

// A Keep closes what is unused to every address ("ip:port") but the wanted
// ones.
type Keep func(wanted func(addr string) bool)

// Run has connections closed whenever nodes have left, until ctx ends. Others
// at the address of one that left keep theirs.
func Run(ctx context.Context, c Cluster, keep ...Keep) error {
	changes, end := c.Watch(64)
	defer end()
	for {
		select {
		case <-ctx.Done():
			return nil
		case e := <-changes:
			if e.What != cluster.Departed && e.Lost == 0 {
				continue
			}
			at := map[string]bool{}
			for _, n := range c.View().Nodes {
				at[n.Addr(cluster.HTTP).Addr.String()] = true
			}
			for _, k := range keep {
				k(func(addr string) bool { return at[addr] })
			}
		}
	}
}
