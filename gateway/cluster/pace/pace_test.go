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

func TestMultipliers(t *testing.T) {
	for _, tt := range []struct {
		weights, want []int64
	}{
		{[]int64{1, 2, 3}, []int64{6, 3, 2}},
		{[]int64{0, 4}, []int64{4, 1}},
		{[]int64{999_983, 999_979, 999_961}, []int64{4295, 4295, 4295}}, // bounded
		{nil, nil},
	} {
		var weights []int
		for _, w := range tt.weights {
			weights = append(weights, int(w))
		}
		whole, part := Ramp{}.Multipliers(weights), Ramp{Over: time.Second}.Multipliers(weights)
		for i, want := range tt.want {
			if whole[i] != want || part[i] != want*60 {
				t.Errorf("%v: %v, with a ramp %v, want %v", tt.weights, whole, part, tt.want)
			}
		}
	}
}

func TestRhythm(t *testing.T) {
	var r Rhythm
	now := time.Unix(1000, 0)
	if !r.Last().IsZero() || r.Due(now, time.Minute) != 0 || !r.Last().Equal(now) {
		t.Error("the first call begins it")
	}
	for _, step := range []struct {
		after time.Duration
		want  int
	}{{59 * time.Second, 0}, {time.Second, 1}, {0, 0}, {-time.Hour, 0}, {time.Hour + 150*time.Second, 2}} {
		if now = now.Add(step.after); r.Due(now, time.Minute) != step.want {
			t.Errorf("after %v: not %d", step.after, step.want)
		}
	}
	if !r.Last().Equal(now) {
		t.Errorf("last due at %v", r.Last())
	}
}
