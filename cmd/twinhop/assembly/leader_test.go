package assembly

import (
	"testing"

	"twinhop/gateway"
)

func TestTheAdminTellsTheLeaderInForce(t *testing.T) {
	c := settings(t, "http://127.0.0.1:1")
	c.Affinity.Leader = "sip"
	g, err := Build(Options{Config: c})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	tell := func(want string) {
		t.Helper()
		if got := g.Admin.Panel.Leader(); got != want {
			t.Errorf("the admin says %q, want %q", got, want)
		}
	}
	tell("sip")
	placed := g.policy.Load().Pools
	g.Lead(gateway.LeaderHTTP)
	tell("http")
	g.Lead(gateway.LeaderSIP)
	tell("sip")
	if len(g.policy.Load().Pools) != len(placed) || len(placed) == 0 {
		t.Error("the pools' algorithms are gone")
	}
}
