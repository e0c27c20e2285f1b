package held

import (
	"testing"
	"time"
)

func TestRequests(t *testing.T) {
	var r Requests[int, string]
	now := time.Now()
	if _, _, ok := r.Take(1); ok {
		t.Error("there is nothing")
	}
	if !r.Keep(now, 1, 10, "one") || !r.Keep(now, 1, 10, "again") || !r.Keep(now.Add(2*quiet), 2, maxRequests*maxBytes-10, "two") {
		t.Error("there is room")
	}
	if r.Keep(now, 3, 1, "three") {
		t.Error("too many bytes")
	}
	if v, again, ok := r.Take(1); v != "one" || again || !ok {
		t.Errorf("%q, %v, %v", v, again, ok)
	}
	if v, again, ok := r.Take(1); v != "" || !again || !ok {
		t.Errorf("the repetition: %q, %v, %v", v, again, ok)
	}
	if !r.Keep(now, 1, 10, "one") || r.bytes != maxRequests*maxBytes-10 {
		t.Errorf("what was taken is not held again: %d bytes", r.bytes)
	}
	if !r.Keep(now.Add(quiet), 1, 10, "one") || r.bytes != maxRequests*maxBytes {
		t.Errorf("what was taken long ago is held again: %d bytes", r.bytes)
	}
	r.Sweep(now.Add(life + quiet + 1))
	if _, again, ok := r.Take(2); !ok || again {
		t.Error("forgotten too early")
	}
	r.Sweep(now.Add(time.Hour))
	for i := range maxRequests {
		if !r.Keep(now, i, 1, "") {
			t.Fatal(i)
		}
	}
	if r.Keep(now, maxRequests, 1, "") {
		t.Error("too many")
	}
	r.Sweep(now.Add(life + 1))
	if len(r.all) != 0 || r.bytes != 0 {
		t.Errorf("%d held, %d bytes", len(r.all), r.bytes)
	}
}
