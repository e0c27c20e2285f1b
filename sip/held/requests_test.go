package held

import (
	"testing"
	"time"
)

func TestRequests(t *testing.T) {
	var r Requests[int, string]
	now := time.Now()
	if _, ok := r.Take(1); ok {
		t.Error("there is nothing")
	}
	if !r.Keep(now, 1, 10, "one") || !r.Keep(now, 1, 10, "again") || !r.Keep(now.Add(time.Second), 2, maxBytes-10, "two") {
		t.Error("there is room")
	}
	if r.Keep(now, 3, 1, "three") {
		t.Error("too many bytes")
	}
	if v, ok := r.Take(1); v != "one" || !ok {
		t.Errorf("%q, %v", v, ok)
	}
	r.Sweep(now.Add(life + time.Second))
	if _, ok := r.Take(2); !ok {
		t.Error("forgotten too early")
	}
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
