package history

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"
)

func TestTraffic(t *testing.T) {
	var b Book
	if v := b.Traffic(); v.Begin != nil || !slices.Equal(v.Nodes, []string{""}) || v.HTTP[""] == nil || len(v.HTTP[""]) != 0 {
		t.Errorf("nothing known: %+v", v)
	}
	// a serves 3 requests and 1 SIP message a second; from second 8 on b, which brings a past
	// along, 2 requests; 1 request in a second finds no node. Nobody looks from 20 to 40.
	look := func(i int) {
		n := int64(i)
		now := Look{At: time.Unix(int64(1000+i), 0), Served: map[string]Served{"a": {HTTP: 3 * n, SIP: n}}, Nobody: Served{HTTP: n}}
		if i >= 8 {
			now.Served["b"] = Served{HTTP: 5000 + 2*n}
		}
		b.Add(now)
	}
	for i := range 21 {
		look(i)
	}
	look(40)
	v := b.Traffic()
	want := &Traffic{StepMS: 5000, Begin: v.Begin, Nodes: []string{"a", "b", ""},
		HTTP: map[string][]float64{"a": {3, 3, 3, 3, 3, 3, 3, 3}, "b": {0, 0.8, 2, 2, 2, 2, 2, 2}, "": {1, 1, 1, 1, 1, 1, 1, 1}},
		SIP:  map[string][]float64{"a": {1, 1, 1, 1, 1, 1, 1, 1}, "b": make([]float64, 8), "": make([]float64, 8)}}
	if !reflect.DeepEqual(v, want) || !time.Time(*v.Begin).Equal(time.Unix(1000, 0)) {
		t.Errorf("%+v from %v", v, time.Time(*v.Begin))
	}
	v.HTTP["a"][0] = -1
	if b.Traffic().HTTP["a"][0] != 3 {
		t.Error("what is given out is not a copy")
	}
	b.Add(Look{At: time.Unix(1041, 0), Served: map[string]Served{"a": {}}})
	b.Add(Look{At: time.Unix(1045, 0), Served: map[string]Served{"a": {HTTP: 10}}})
	if l := b.Traffic().HTTP; !slices.Equal(l["a"][7:], []float64{3, 2}) || l["b"][8] != 0 {
		t.Errorf("counters that began anew: %v", l)
	}
	for _, at := range []int64{1037, 1038, 1050} { // the clock was set back a little
		b.Add(Look{At: time.Unix(at, 0), Served: map[string]Served{"a": {HTTP: 10 + 26*max(at-1037, 0)/13}}})
	}
	if l := b.Traffic().HTTP; len(l["a"]) != 10 || l["a"][9] != 2 {
		t.Errorf("after the clock was set back by seconds: %v", l)
	}
	look(2) // the clock was set back
	if v := b.Traffic(); v.Begin != nil || len(v.HTTP[""]) != 0 {
		t.Errorf("after the clock was set back: %+v", v)
	}
}

// Only so many nodes and values are kept; a node that is gone leaves with its last value.
func TestTrafficIsBounded(t *testing.T) {
	var b Book
	second := int64(0)
	run := func(nodes, seconds int) {
		for range seconds {
			second++
			now := Look{At: time.Unix(second, 0), Served: map[string]Served{}}
			for i := range nodes {
				now.Served[fmt.Sprintf("node%02d", i)] = Served{SIP: second}
			}
			b.Add(now)
		}
	}
	run(maxNodes+4, 2*points*int(step/time.Second))
	v := b.Traffic()
	if len(v.Nodes) != maxNodes+1 || len(v.SIP) != maxNodes+1 || len(v.SIP[""]) != points || v.SIP[""][points-1] != 4 || v.SIP[v.Nodes[0]][0] != 1 {
		t.Errorf("%d nodes, %d values, the rest %v", len(v.Nodes), len(v.SIP[""]), v.SIP[""])
	}
	run(1, (points-1)*int(step/time.Second))
	if v := b.Traffic(); len(v.Nodes) != maxNodes+1 {
		t.Errorf("those that left are not shown any more: %v", v.Nodes)
	}
	run(1, 2*int(step/time.Second))
	if v := b.Traffic(); !slices.Equal(v.Nodes, []string{"node00", ""}) {
		t.Errorf("those that left long ago are still there: %v", v.Nodes)
	}
	b.Add(Look{At: time.Unix(second+1_000_000, 0)}) // nobody looked for days
	if v := b.Traffic(); len(v.SIP[""]) != points {
		t.Errorf("%d values", len(v.SIP[""]))
	}
}
