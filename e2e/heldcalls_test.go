package e2e

import (
	"fmt"
	"sync"
	"testing"
)

// A node dies with calls on it: what the callers send next reaches the survivor, and the calls
// stay there when the dead node returns.
func TestNodeDiesWithCallsHeld(t *testing.T) {
	for _, single := range []bool{false, true} {
		t.Run(map[bool]string{false: "two ports", true: "single port"}[single], func(t *testing.T) {
			heldCalls(t, set(t, stage{Agents: true, Single: single}))
		})
	}
}

func heldCalls(t *testing.T, w *world) {
	const held = 200
	phone := newAgent(t, "phone")
	calls := make([]*call, held)
	each(t, held, func(i int) (err error) {
		calls[i], err = phone.invite(w.external, fmt.Sprintf("sip:caller%d@e2e.invalid", i), "sip:service@e2e.invalid", "")
		return err
	})
	if t.Failed() {
		t.FailNow()
	}
	var onFirst, onSecond []*call
	for _, c := range calls {
		if c.node == "node1" {
			onFirst = append(onFirst, c)
		} else {
			onSecond = append(onSecond, c)
		}
	}
	if len(onFirst) < held/4 || len(onSecond) < held/4 {
		t.Fatalf("%d + %d calls: not spread", len(onFirst), len(onSecond))
	}

	w.agents[0].close()
	w.health("node1", "sip", "down")
	half := len(onFirst) / 2
	reach := func(c *call, method, want string) error {
		r, err := c.within(method)
		if err != nil {
			return err
		}
		if r.status() != 200 || r.get("X-Node") != want {
			return fmt.Errorf("%s of %s (call of %s): %s from %q, want 200 from %s", method, c.id, c.node, r.start, r.get("X-Node"), want)
		}
		return nil
	}
	each(t, half, func(i int) error { return reach(onFirst[i], "BYE", "node2") })
	each(t, len(onFirst)-half, func(i int) error { return reach(onFirst[half+i], "INFO", "node2") })

	w.agents[0].open(t)
	w.health("node1", "sip", "up")
	each(t, len(onFirst)-half, func(i int) error { return reach(onFirst[half+i], "BYE", "node2") })
	each(t, len(onSecond), func(i int) error { return reach(onSecond[i], "BYE", "node2") })

	arrived := w.agents[1].calls("BYE")
	for _, c := range calls {
		if !arrived[c.id] {
			t.Errorf("the BYE of %s never reached the survivor", c.id)
		}
	}
	t.Logf("%d calls held, %d of them on the node that died: %d BYEs reached the survivor", held, len(onFirst), len(arrived))
	if fresh := w.agents[0].calls("BYE"); len(fresh) != 0 {
		t.Errorf("%d BYEs went to the node that had died", len(fresh))
	}
}

// each does something n times, some of it at once, and reports the first faults.
func each(t *testing.T, n int, do func(i int) error) {
	t.Helper()
	var wg sync.WaitGroup
	var mu sync.Mutex
	failed := 0
	turn := make(chan struct{}, 32)
	for i := range n {
		turn <- struct{}{}
		wg.Go(func() {
			defer func() { <-turn }()
			if err := do(i); err != nil {
				mu.Lock()
				defer mu.Unlock()
				if failed++; failed <= 5 {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if failed > 5 {
		t.Errorf("%d faults in all", failed)
	}
}
