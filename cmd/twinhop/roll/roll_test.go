package roll

import (
	"slices"
	"strings"
	"testing"

	"twinhop/gateway/config"
)

func conf(nodes ...string) *config.Config {
	c := &config.Config{Pools: []config.Pool{{Name: "p"}}, Mounts: []config.Mount{{Disabled: nodes}}}
	for _, name := range nodes {
		c.Nodes = append(c.Nodes, config.Node{Name: name, HTTP: "configured"})
		c.Pools[0].Nodes = append(c.Pools[0].Nodes, config.PoolNode{Name: name})
	}
	return c
}

// is writes the nodes of a configuration, their pool and its mount.
func is(c config.Config) string {
	var all, pool []string
	for _, n := range c.Nodes {
		all = append(all, n.Name+"="+n.HTTP)
	}
	for _, n := range c.Pools[0].Nodes {
		pool = append(pool, n.Name)
	}
	return strings.Join(all, " ") + "; " + strings.Join(pool, " ") + "; " + strings.Join(c.Mounts[0].Disabled, " ")
}

func TestRoll(t *testing.T) {
	mine := config.Node{Name: "b", HTTP: "added"}
	ab, a := conf("a", "b"), conf("a")
	for name, tt := range map[string]struct {
		roll Roll
		over *config.Config
		want string
	}{
		"nothing":                        {Roll{}, ab, "a=configured b=configured; a b; a b"},
		"removed":                        {Roll{}.Remove("b", ab), ab, "a=configured; a; a"},
		"added":                          {Roll{}.Add(mine, []string{"p"}), a, "a=configured b=added; a b; a"},
		"added to no pool by name":       {Roll{}.Add(mine, nil), a, "a=configured b=added; a; a"},
		"added, then configured":         {Roll{}.Add(mine, nil), ab, "a=configured b=configured; a b; a b"},
		"stands in":                      {Roll{}.Remove("b", ab).Add(mine, nil), ab, "a=configured b=added; a; a"},
		"stands in no more":              {Roll{}.Remove("b", ab).Add(mine, nil).Remove("b", ab), ab, "a=configured; a; a"},
		"added and removed":              {Roll{}.Add(mine, nil).Remove("b", a), a, "a=configured; a; a"},
		"… which says nothing of others": {Roll{}.Add(mine, nil).Remove("b", a), ab, "a=configured b=configured; a b; a b"},
		"removed for good":               {Roll{}.Remove("b", ab).Settle(ab), ab, "a=configured; a; a"},
		"removed from the file, too":     {Roll{}.Remove("b", ab).Settle(a), ab, "a=configured b=configured; a b; a b"},
		"stands in across reloads":       {Roll{}.Remove("b", ab).Add(mine, nil).Settle(ab), ab, "a=configured b=added; a; a"},
		"stands in for nobody":           {Roll{}.Remove("b", ab).Add(mine, nil).Settle(a), ab, "a=configured b=configured; a b; a b"},
		"configured, and gone again":     {Roll{}.Add(mine, nil).Settle(ab), a, "a=configured; a; a"},
	} {
		if got := is(tt.roll.Over(*tt.over)); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
	if !slices.Equal(ab.Mounts[0].Disabled, []string{"a", "b"}) || len(ab.Pools[0].Nodes) != 2 {
		t.Error("the configuration that was given was changed")
	}
}
