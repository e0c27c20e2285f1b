package naming

import (
	"fmt"
	"testing"
)

func TestRetiredRoutesAreBounded(t *testing.T) {
	var r Routes
	const at = 64 // routes at a time
	for i := range MaxRetired/at + 2 {
		live := map[string]string{}
		for j := range at {
			live[fmt.Sprint("r", i*at+j)] = "n"
		}
		r = r.With(live)
	}
	if len(r.nodes) > MaxRetired+at {
		t.Errorf("%d routes are remembered", len(r.nodes))
	}
	if r.Node("r0") != "" || r.Node(fmt.Sprint("r", MaxRetired)) != "n" || r.Node(fmt.Sprint("r", at)) != "n" {
		t.Error("not the oldest was forgotten")
	}
	if r = r.With(map[string]string{"r4000": "taker"}); r.Node("r4000") != "taker" || r.Node("r4001") != "n" {
		t.Error("a live node's route leads to a dead one")
	}
}

func TestRealmsKeepTheirNumbers(t *testing.T) {
	one, other := Realms(nil).With([]string{"a", "b", "", "a"}), Realms(nil).With([]string{"b"})
	if len(one) != 3 || one[""] != 0 || one["b"] != other["b"] || one["a"] == one["b"] || one["a"] == 0 {
		t.Errorf("%v and %v", one, other)
	}
	if later := one.With([]string{"c"}); later["a"] != one["a"] || len(later) != 4 || len(one) != 3 {
		t.Errorf("%v after %v", later, one)
	}
}
