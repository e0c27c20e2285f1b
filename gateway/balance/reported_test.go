package balance

import (
	"testing"
	"testing/synctest"
	"time"

	"twinhop/gateway/cluster"
)

// Shares of 1,000 pieces of work by what three nodes of weights 1, 1, 2 say.
func TestReported(t *testing.T) {
	const silent = -1
	type said = cluster.Reported
	for name, tt := range map[string]struct {
		said [3]said
		old  [3]bool // the report is older than what counts
		want [3]int
	}{
		"nobody says anything":           {[3]said{{Load: silent, Free: silent}, {Load: silent, Free: silent}, {Load: silent, Free: silent}}, [3]bool{}, [3]int{250, 250, 500}},
		"load":                           {[3]said{{Load: 80, Free: silent}, {Load: 20, Free: silent}, {Load: 50, Free: silent}}, [3]bool{}, [3]int{100, 400, 500}},
		"a weight of its own":            {[3]said{{Load: 0, Free: silent, Weight: 4}, {Load: 0, Free: silent}, {Load: 50, Free: silent}}, [3]bool{}, [3]int{667, 167, 167}},
		"free capacity":                  {[3]said{{Load: 99, Free: 10}, {Load: 1, Free: 30}, {Free: 60}}, [3]bool{}, [3]int{100, 300, 600}},
		"a full one gets nothing":        {[3]said{{Load: 100, Free: silent}, {Load: 50, Free: silent}, {Load: 75, Free: silent}}, [3]bool{}, [3]int{0, 500, 500}},
		"all full":                       {[3]said{{Free: 0}, {Free: 0}, {Free: 0}}, [3]bool{}, [3]int{1000, 0, 0}},
		"stale ones are as the others":   {[3]said{{Load: 100, Free: silent}, {Load: 40, Free: silent}, {Load: 70, Free: silent}}, [3]bool{true}, [3]int{333, 333, 333}},
		"some count, some measure":       {[3]said{{Load: silent, Free: 500}, {Load: 40, Free: silent}, {Load: 70, Free: 1}}, [3]bool{}, [3]int{333, 333, 333}},
		"all stale: their weights count": {[3]said{{Load: 100}, {Load: 40}, {Load: 70}}, [3]bool{true, true, true}, [3]int{250, 250, 500}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &cluster.Registry{}
				p := poolOf(t, r, []cluster.NodeSpec{node("node1", 1, 1), node("node2", 2, 1), node("node3", 3, 2)})
				for i, s := range tt.said {
					if s.At = time.Now(); tt.old[i] {
						s.At = s.At.Add(-time.Minute)
					}
					if err := r.ReportLoad(p.Members[i].Name, s); err != nil {
						t.Fatal(err)
					}
				}
				a := get(t, "least-load")
				if err := a.(Configurable).Configure(Params{ReportAge: 30 * time.Second}); err != nil {
					t.Fatal(err)
				}
				if name == "free capacity" && a.(Inspector).Value(p.Members[1]) != 30 || name == "load" && a.(Inspector).Value(p.Members[2]) != 1 ||
					name == "nobody says anything" && a.(Inspector).Value(p.Members[2]) != 0 {
					t.Errorf("values: %d %d", a.(Inspector).Value(p.Members[1]), a.(Inspector).Value(p.Members[2]))
				}
				var got [3]int
				for range 1000 {
					got[a.Pick(p.Members, &Question{}).Index]++
				}
				for i := range got {
					if d := got[i] - tt.want[i]; d < -2 || d > 2 {
						t.Fatalf("got %v, want %v", got, tt.want)
					}
				}
			})
		})
	}
}
