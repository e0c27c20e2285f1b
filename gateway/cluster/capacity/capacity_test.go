package capacity

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"
)

var box = New(map[string]int{"transc": 30, "pstn": 32})

func need(names ...string) *Needs { return &Needs{Resources: names} }

func TestFree(t *testing.T) {
	tests := []struct {
		name       string
		sizes      Sizes
		transc     int
		pstn       int
		needs      *Needs
		least      int64
		has, takes bool
	}{
		{"the tutorial's first box", box, 10, 18, need("transc", "pstn"), 14, true, true},
		{"in percent, rounded up", box, 10, 18, &Needs{Resources: []string{"transc", "pstn"}, Relative: true}, 44, true, true},
		{"exactly full is full", box, 30, 0, need("transc"), 0, true, false},
		{"full but for overload", box, 30, 0, &Needs{Resources: []string{"transc"}, Overload: true}, 0, true, true},
		{"more than there is", box, 33, 0, need("transc"), -3, true, false},
		{"one of two is full", box, 30, 1, need("pstn", "transc"), 0, true, false},
		{"one of two is not there", box, 0, 0, need("pstn", "vm"), 0, false, false},
		{"not there, overload or not", box, 0, 0, &Needs{Resources: []string{"vm"}, Overload: true}, 0, false, false},
		{"a size of 0 has nothing", New(map[string]int{"vm": 0}), 0, 0, need("vm"), 0, true, false},
		{"nor a percent of it", New(map[string]int{"vm": 0}), 0, 0, &Needs{Resources: []string{"vm"}, Relative: true}, 0, true, false},
		{"two of the last one", box, 29, 0, need("transc", "transc"), 1, true, false},
		{"nothing needed", nil, 0, 0, need(), 0, true, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := &Load{}
			for range tt.transc {
				l.Force([]string{"transc"})
			}
			for range tt.pstn {
				l.Force([]string{"pstn"})
			}
			if least, has := l.Free(tt.sizes, tt.needs); least != tt.least || has != tt.has {
				t.Errorf("free %d %v, want %d %v", least, has, tt.least, tt.has)
			}
			if room, takes := l.Room(tt.sizes, tt.needs), l.Take(tt.sizes, tt.needs); room != tt.takes || takes != tt.takes {
				t.Errorf("room %v, taken %v, want %v", room, takes, tt.takes)
			}
		})
	}
}

func TestNothingIsTakenInPart(t *testing.T) {
	l := &Load{}
	for range 30 {
		l.Force([]string{"transc"})
	}
	if l.Take(box, need("pstn", "transc")) || l.Used("pstn") != 0 {
		t.Errorf("pstn was taken without transc: %d", l.Used("pstn"))
	}
}

func TestTheLastSlot(t *testing.T) {
	for range 1000 {
		l, one, won := &Load{}, New(map[string]int{"vm": 1}), atomic.Int64{}
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if l.Take(one, need("vm")) {
					won.Add(1)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 || l.Used("vm") != 1 {
			t.Fatalf("%d took the last slot, %d are in use", won.Load(), l.Used("vm"))
		}
	}
}

func TestNeverNegative(t *testing.T) {
	l := &Load{}
	l.Give([]string{"vm"})
	l.Force([]string{"vm"})
	if l.Used("vm") != 1 {
		t.Errorf("%d in use, want 1", l.Used("vm"))
	}
}

func TestFullIsToldOnce(t *testing.T) {
	l, s, n := &Load{}, New(map[string]int{"vm": 2, "none": 0}), need("vm")
	look := func(want ...Turn) {
		t.Helper()
		if got := l.Look(s); !slices.Equal(got, want) {
			t.Errorf("turned %v, want %v", got, want)
		}
	}
	look()
	l.Take(s, n)
	look()
	l.Take(s, n)
	look(Turn{"vm", true, 2, 2})
	for range 3 { // refused again and again
		l.Take(s, n)
		look()
	}
	l.Give([]string{"vm"}) // up and down at the limit
	l.Take(s, n)
	l.Give([]string{"vm"})
	look()
	look(Turn{"vm", false, 1, 2})
	look()
	l.Take(s, n) // full between two looks
	l.Give([]string{"vm"})
	look(Turn{"vm", true, 2, 2})
	look(Turn{"vm", false, 1, 2})
	l.Force([]string{"vm", "vm"}) // by calls that cannot be refused, too
	l.Give([]string{"vm", "vm"})
	look(Turn{"vm", true, 3, 2})
	look(Turn{"vm", false, 1, 2})
	s = s.Resized(map[string]int{"vm": 1, "other": 7})
	look(Turn{"vm", true, 1, 1})
	if len(s) != 2 {
		t.Errorf("a resource was made by resizing: %v", s)
	}
}

// What is in use is what a plain count says, whatever happens.
func TestProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l, count := &Load{}, map[string]int64{}
		names := []string{"a", "b", "c"}
		sizes := New(map[string]int{"a": 2, "b": 3})
		t.Repeat(map[string]func(*rapid.T){
			"take": func(t *rapid.T) {
				n := &Needs{Resources: rapid.SliceOfN(rapid.SampledFrom(names), 0, 3).Draw(t, "needs"), Overload: rapid.Bool().Draw(t, "overload")}
				fits, sum := true, map[string]int64{}
				for _, r := range n.Resources {
					sum[r]++
					most, ok := sizes.Max(r)
					fits = fits && ok && (n.Overload || count[r]+sum[r] <= most)
				}
				if l.Take(sizes, n) != fits {
					t.Fatalf("taken: %v of %v with %v in use", !fits, n.Resources, count)
				}
				if fits {
					for r, k := range sum {
						count[r] += k
					}
				}
			},
			"force": func(t *rapid.T) {
				r := rapid.SampledFrom(names).Draw(t, "name")
				l.Force([]string{r})
				count[r]++
			},
			"give": func(t *rapid.T) {
				r := rapid.SampledFrom(names).Draw(t, "name")
				l.Give([]string{r})
				count[r] = max(count[r]-1, 0)
			},
			"": func(t *rapid.T) {
				for _, r := range names {
					if l.Used(r) != count[r] {
						t.Fatalf("%d of %s in use, want %d", l.Used(r), r, count[r])
					}
				}
			},
		})
	})
}
