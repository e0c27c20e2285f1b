package history

import (
	"math"
	"slices"
	"testing"
	"time"
)

func TestBook(t *testing.T) {
	var b Book
	if r := b.Rates(); r != (Rates{}) || b.Served("a") != 0 || b.Series().HTTP == nil {
		t.Errorf("nothing known: %+v", r)
	}
	start := time.Unix(1000, 0)
	for i := range 21 { // 20 s: 3 requests a second, then 1
		n := uint64(3 * min(i, 10))
		if i > 10 {
			n += uint64(i - 10)
		}
		b.Add(Look{At: start.Add(time.Duration(i) * Every), HTTP: n, SIP: 2 * n, Moves: uint64(i), Errors: 1, Served: map[string]Served{"a": {HTTP: int64(n)}, "b": {SIP: 100 - int64(i)}},
			Sessions: float64(i), Calls: 7})
	}
	if r := b.Rates(); r != (Rates{HTTP: 1, SIP: 2, Moves: 60}) {
		t.Errorf("%+v", r)
	}
	if a, gone, none := b.Served("a"), b.Served("b"), b.Served("c"); a != 1 || gone != 0 || none != 0 {
		t.Errorf("a served %v, b, which began anew, %v, an unknown one %v", a, gone, none)
	}
	s := b.Series()
	if !slices.Equal(s.HTTP, []float64{3, 3, 1, 1}) || !slices.Equal(s.SIP, []float64{6, 6, 2, 2}) || !slices.Equal(s.Moves, []float64{5, 5, 5, 5}) ||
		!slices.Equal(s.Errors, []float64{0, 0, 0, 0}) || !slices.Equal(s.Sessions, []float64{5, 10, 15, 20}) || s.Calls[3] != 7 || s.StepMS != 5000 {
		t.Errorf("%+v", s)
	}
	s.HTTP[0] = math.NaN()
	if b.Series().HTTP[0] != 3 {
		t.Error("the series given out is not a copy")
	}
}

// Only the last values are kept.
func TestBookIsBounded(t *testing.T) {
	var b Book
	for i := range 10 * size * int(step/Every) {
		b.Add(Look{At: time.Unix(int64(i), 0), Sessions: float64(i)})
	}
	s := b.Series().Sessions
	if len(s) != size || s[0] >= s[size-1] || len(b.recent) != int(Recently/Every)+1 {
		t.Errorf("%d values, %d looks", len(s), len(b.recent))
	}
}
