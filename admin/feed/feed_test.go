package feed

import "testing"

func TestSlowPageLosesAndIsTold(t *testing.T) {
	var f Feed
	c, _, _ := f.Join(map[string]bool{"nodes": true}, 0)
	for range pageQueue + 10 {
		f.Send("nodes", "node.changed", 1, true)
		f.Send("others", "node.changed", 1, true)
	}
	if list, behind, _ := f.Take(c); !behind || len(list) > pageQueue {
		t.Errorf("%d messages, behind %v", len(list), behind)
	}
	for range 5 {
		f.Send("nodes", Tick, 1, false)
	}
	if list, _, _ := f.Take(c); len(list) != 1 || list[0].ID != 0 {
		t.Errorf("%d ticks wait", len(list))
	}
	for range 3 * ringSize {
		f.Send("nodes", "node.changed", 1, true)
	}
	if len(f.ring) >= 2*ringSize {
		t.Errorf("%d kept", len(f.ring))
	}
	for range maxPages + 5 {
		f.Join(map[string]bool{}, 0)
	}
	if len(f.pages) != maxPages {
		t.Errorf("%d pages", len(f.pages))
	}
	if f.Leave(c); len(f.pages) != maxPages-1 || f.Follows("nodes") {
		t.Error("who left is still there")
	}
}

// Who comes back gets what was missed, or is told that it is not known.
func TestComingBack(t *testing.T) {
	var f Feed
	for i := range 5 {
		f.Send("nodes", "node.changed", i, true)
	}
	c, last, ok := f.Join(map[string]bool{"nodes": true}, 3)
	if list, behind, _ := f.Take(c); !ok || last != 5 || behind || len(list) != 2 || string(list[0].Data) != "3" {
		t.Errorf("after 3: %v, behind %v", list, behind)
	}
	c, _, _ = f.Join(map[string]bool{"nodes": true}, 99)
	if _, behind, _ := f.Take(c); !behind {
		t.Error("an id of the future is known")
	}
	for range 3 * ringSize {
		f.Send("nodes", "node.changed", 0, true)
	}
	c, _, _ = f.Join(map[string]bool{"nodes": true}, 3)
	if _, behind, _ := f.Take(c); !behind {
		t.Error("what was forgotten is known")
	}
	if f.Send("nodes", "broken", make(chan int), true) == nil {
		t.Error("a channel was written")
	}
}
