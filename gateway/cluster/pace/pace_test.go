package pace

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestShareGrowsInSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s Start
		r := Ramp{Over: 10 * time.Second, Steps: 4}
		if step, of := s.Share(r); step != 1 || of != 1 {
			t.Errorf("who always was there has %d of %d", step, of)
		}
		s.Begin(time.Now())
		for i, want := range []int64{1, 1, 1, 2, 2, 3, 3, 3, 4, 4, 1, 1} {
			of := int64(4)
			if i >= 10 {
				of = 1
			}
			if step, n := s.Share(r); step != want || n != of {
				t.Errorf("after %d s: %d of %d, want %d of %d", i, step, n, want, of)
			}
			time.Sleep(time.Second)
		}
		s.Begin(time.Now())
		if step, of := s.Share(Ramp{}); step != of {
			t.Errorf("without a ramp: %d of %d", step, of)
		}
		if _, of := s.Share(Ramp{Over: time.Hour}); of != DefaultSteps {
			t.Errorf("%d steps", of)
		}
	})
}

func TestReportsAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r Reports
		if _, ok := r.Fresh(time.Now(), time.Hour); ok {
			t.Error("a report that nobody made")
		}
		begin := time.Now()
		if !r.Put(Reported{Weight: -3, Load: 250, Free: 1 << 40}) {
			t.Error("refused")
		}
		x, ok := r.Fresh(time.Now(), time.Second)
		if !ok || x.Weight != 0 || x.Load != 100 || x.Free != maxNumber {
			t.Errorf("%+v %v", x, ok)
		}
		time.Sleep(2 * time.Second)
		if _, ok := r.Fresh(time.Now(), time.Second); ok {
			t.Error("too old, and yet fresh")
		}
		if r.Put(Reported{Load: 1, At: begin.Add(-time.Second)}) {
			t.Error("a late one replaced a newer one")
		}
		if r.Put(Reported{Load: 1, At: time.Now().Add(time.Minute)}) {
			t.Error("one from the future")
		}
		if x, _ := r.Fresh(time.Now(), time.Hour); x.Load != 100 {
			t.Errorf("%+v", x)
		}
	})
}
