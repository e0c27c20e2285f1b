package parting

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"

	"twinhop/gateway/cluster"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func node(t *testing.T, name, url string) cluster.NodeSpec {
	a, err := cluster.ParseAddress(url)
	if err != nil {
		t.Fatal(err)
	}
	return cluster.NodeSpec{Name: name, HTTP: []cluster.Address{a}}
}

// What is open to a node that leaves is closed, and nothing else: not when a
// node comes, nor where another node is.
func TestConnectionsGoWithTheirNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &cluster.Registry{}
		one, two := node(t, "one", "http://10.0.0.1:8080"), node(t, "two", "http://10.0.0.2:8080")
		twin := node(t, "twin", "http://10.0.0.2:8080")
		enrol := func(nodes ...cluster.NodeSpec) {
			if err := r.Enrol(nodes); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		if err := r.Apply(cluster.Spec{Nodes: []cluster.NodeSpec{one}}); err != nil {
			t.Fatal(err)
		}
		open := []string{"10.0.0.1:8080", "10.0.0.2:8080"}
		asked := 0
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() {
			done <- Run(ctx, r, func(wanted func(string) bool) {
				asked++
				open = slices.DeleteFunc(open, func(a string) bool { return !wanted(a) })
			})
		}()
		synctest.Wait()
		enrol(two, twin)
		if asked != 0 {
			t.Error("closed when nodes came")
		}
		enrol(twin)
		if asked != 1 || len(open) != 2 {
			t.Errorf("asked %d times, open %q: another node is there", asked, open)
		}
		enrol()
		if asked != 2 || len(open) != 1 || open[0] != "10.0.0.1:8080" {
			t.Errorf("asked %d times, open %q", asked, open)
		}
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
