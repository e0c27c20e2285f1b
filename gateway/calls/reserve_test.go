package calls

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"twinhop/gateway/cluster"
)

// boxes are n members with so many slots of vm and pstn each.
func boxes(t testing.TB, n, slots int) []*cluster.Member {
	t.Helper()
	spec := cluster.Spec{Pools: []cluster.PoolSpec{{Name: "p", Members: []cluster.MemberSpec{{Node: cluster.AllNodes}}}}}
	for i := range n {
		at := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(i + 1)}), 5080)
		spec.Nodes = append(spec.Nodes, cluster.NodeSpec{Name: fmt.Sprintf("node%d", i+1), SIP: []cluster.Address{{Scheme: "udp", Addr: at}},
			Capacity: map[string]int{"vm": slots, "pstn": slots}})
	}
	r := &cluster.Registry{}
	if err := r.Apply(spec); err != nil {
		t.Fatal(err)
	}
	return r.View().Pool("p").Members
}

func needs(names ...string) *cluster.Needs { return &cluster.Needs{Resources: names} }

// used checks how much of vm each member has in use.
func used(t *testing.T, m []*cluster.Member, want ...int64) {
	t.Helper()
	for i, n := range want {
		if got := m[i].Load.Used("vm"); got != n {
			t.Errorf("%s has %d in use, want %d", m[i].Name, got, n)
		}
		if got := m[i].Load.Calls.Load(); got != n {
			t.Errorf("%s carries %d calls, want %d", m[i].Name, got, n)
		}
	}
}

func TestReservationEndsOnce(t *testing.T) {
	m, vm := boxes(t, 2, 2), needs("vm")
	b := &Book{}
	for range 3 { // retransmissions
		if !b.Reserve(call("a"), m[0], vm) {
			t.Fatal("not reserved")
		}
	}
	used(t, m, 1, 0)
	b.Reserve(call("b"), m[0], vm)
	if b.Reserve(call("c"), m[0], vm) || b.Has(call("c")) || b.Total() != 2 {
		t.Errorf("a full member took one more: %d calls", b.Total())
	}
	if !b.Reserve(call("a"), m[0], vm) {
		t.Error("the retransmission of a call was refused where the call is")
	}
	b.Reserve(call("c"), m[1], vm)
	if b.Reserve(call("c"), m[0], vm) { // the INVITE is tried again, in vain
		t.Error("a full member took a call over")
	}
	used(t, m, 2, 1)
	if !b.Reserve(call("a"), m[1], vm) {
		t.Error("a failover was refused")
	}
	used(t, m, 1, 2)
	b.Answer(call("a"))
	b.Shift(call("a"), m[0])
	b.Shift(call("c"), m[0]) // beyond what there is: the call is there
	used(t, m, 3, 0)
	for range 2 {
		for _, id := range []string{"a", "b", "c"} {
			b.Close(call(id))
		}
		used(t, m, 0, 0)
	}
}

func TestCallsOfNodesAreHeldWhateverIsFree(t *testing.T) {
	m := boxes(t, 1, 1)
	b := &Book{}
	for _, id := range []string{"a", "b", "a"} {
		if !b.Hold(call(id), m[0], []string{"vm", "pstn"}) {
			t.Error("not held")
		}
	}
	if used(t, m, 2); m[0].Load.Used("pstn") != 2 {
		t.Error("one of two resources was not held")
	}
	b.Close(call("a"))
	b.Close(call("b"))
	used(t, m, 0)
}

func TestADeadNodesLoadIsReleased(t *testing.T) {
	m, vm := boxes(t, 2, 3), needs("vm")
	b := &Book{}
	for _, id := range []string{"a", "b", "c"} {
		b.Reserve(call(id), m[0], vm)
		b.Answer(call(id))
	}
	if n := b.Lose("node1"); n != 3 || !b.Bereft() || b.Lose("node1") != 0 {
		t.Errorf("%d calls were lost", n)
	}
	used(t, m, 0, 0)
	b.Shift(call("a"), m[1]) // seen on a survivor
	used(t, m, 0, 1)
	b.Touch(call("b")) // the node was not dead after all
	used(t, m, 1, 1)
	for _, id := range []string{"a", "b", "c"} {
		b.Close(call(id))
	}
	if used(t, m, 0, 0); b.Bereft() {
		t.Error("a closed call is still lost")
	}
}

func TestReservationsEndWithTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, vm := boxes(t, 1, 9), needs("vm")
		b := &Book{}
		b.Reserve(call("rings"), m[0], vm)
		b.Reserve(call("talks"), m[0], vm)
		b.Answer(call("talks"))
		time.Sleep(DefaultRing)
		b.Sweep(time.Now())
		used(t, m, 1)
		time.Sleep(DefaultDialog)
		b.Sweep(time.Now())
		used(t, m, 0)
	})
}

func TestAFullBookReservesNothing(t *testing.T) {
	m := boxes(t, 1, 9)
	b := &Book{Max: 1}
	b.Reserve(call("a"), m[0], needs("vm"))
	if b.Reserve(call("b"), m[0], needs("vm")) {
		t.Error("a full book took a call")
	}
	used(t, m, 1)
}

// A thousand times many calls want the last slot.
func TestTheLastSlotIsGivenOnce(t *testing.T) {
	for round := range 1000 {
		m, vm, won := boxes(t, 1, 1), needs("vm", "pstn"), atomic.Int64{}
		b := &Book{}
		var wg sync.WaitGroup
		for i := range 6 {
			wg.Go(func() {
				if b.Reserve(call(fmt.Sprint(i)), m[0], vm) {
					won.Add(1)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 || m[0].Load.Used("vm") != 1 || b.Total() != 1 {
			t.Fatalf("round %d: %d won, %d in use", round, won.Load(), m[0].Load.Used("vm"))
		}
	}
}

// Whatever happens, what is in use is what the calls in the book take, and in
// the end nothing.
func TestWhatIsInUseProperty(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m, b := boxes(t, 3, 4), &Book{}
		id := rapid.SampledFrom(strings.Split("abcdefghij", ""))
		box := rapid.SampledFrom(m)
		kinds := [][]string{{"vm"}, {"pstn"}, {"vm", "pstn"}}
		rt.Repeat(map[string]func(*rapid.T){
			"reserve": func(rt *rapid.T) {
				b.Reserve(call(id.Draw(rt, "call")), box.Draw(rt, "box"), needs(rapid.SampledFrom(kinds).Draw(rt, "needs")...))
			},
			"hold": func(rt *rapid.T) {
				b.Hold(call(id.Draw(rt, "call")), box.Draw(rt, "box"), rapid.SampledFrom(kinds).Draw(rt, "needs"))
			},
			"open":   func(rt *rapid.T) { b.Open(call(id.Draw(rt, "call")), box.Draw(rt, "box")) },
			"answer": func(rt *rapid.T) { b.Answer(call(id.Draw(rt, "call"))) },
			"shift":  func(rt *rapid.T) { b.Shift(call(id.Draw(rt, "call")), box.Draw(rt, "box")) },
			"close":  func(rt *rapid.T) { b.Close(call(id.Draw(rt, "call"))) },
			"lose":   func(rt *rapid.T) { b.Lose(box.Draw(rt, "box").Name) },
			"": func(rt *rapid.T) {
				want, lost := map[string]int64{}, int64(0)
				for i := range b.stripes {
					for _, e := range b.stripes[i].calls {
						if e.lost {
							lost++
							continue
						}
						want[e.node]++
						for _, n := range e.needs {
							want[e.node+n]++
						}
					}
				}
				for _, x := range m {
					for _, n := range []string{"vm", "pstn"} {
						if got := x.Load.Used(n); got != want[x.Name+n] {
							rt.Fatalf("%s has %d of %s in use, the book says %d", x.Name, got, n, want[x.Name+n])
						}
					}
					if x.Load.Calls.Load() != want[x.Name] || int64(b.Count(x.Name)) != want[x.Name] {
						rt.Fatalf("%s counts %d calls, the book says %d", x.Name, x.Load.Calls.Load(), want[x.Name])
					}
				}
				if b.lost.Load() != lost {
					rt.Fatalf("%d lost, counted %d", lost, b.lost.Load())
				}
			},
		})
		for c := range b.All() {
			b.Close(c.Key)
		}
		for _, x := range m {
			if x.Load.Used("vm")+x.Load.Used("pstn") != 0 {
				rt.Fatalf("%s keeps something in use", x.Name)
			}
		}
	})
}

func finder(m []*cluster.Member) func(pool, node string) *cluster.Member {
	return func(pool, node string) *cluster.Member {
		i := slices.IndexFunc(m, func(x *cluster.Member) bool { return x.Name == node && x.Pool.Name == pool })
		if i < 0 {
			return nil
		}
		return m[i]
	}
}

func TestARestartKeepsWhatIsInUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, b := boxes(t, 2, 9), &Book{}
		b.Reserve(call("a"), m[0], needs("vm", "pstn"))
		b.Answer(call("a"))
		b.Reserve(call("b\xff"), m[1], needs("vm")) // no UTF-8
		b.Hold(call("c"), m[0], []string{"vm"})
		b.Answer(call("c"))
		before := b.Changes()
		b.Open(call("takes nothing"), m[1])
		if b.Answer(call("takes nothing")); b.Changes() != before {
			t.Error("a call that takes nothing is a change worth saving")
		}
		var file bytes.Buffer
		if err := b.Save(&file); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)

		after, again := boxes(t, 2, 1), &Book{}
		n, err := again.Load(bytes.NewReader(file.Bytes()), time.Now(), finder(after))
		if n != 3 || err != nil {
			t.Fatalf("%d calls, %v", n, err)
		}
		used(t, after, 2, 1)
		if n, _ := again.Load(bytes.NewReader(file.Bytes()), time.Now(), finder(after)); n != 0 {
			t.Errorf("%d calls were counted twice", n)
		}
		again.Close(call("a")) // its BYE
		used(t, after, 1, 1)
		time.Sleep(DefaultRing)
		again.Sweep(time.Now()) // the one that was not answered
		used(t, after, 1, 0)
		again.Close(call("c"))
		used(t, after, 0, 0)

		late := &Book{}
		time.Sleep(DefaultDialog)
		if n, err := late.Load(&file, time.Now(), finder(after)); n != 0 || err != nil {
			t.Errorf("%d calls whose time is over, %v", n, err)
		}
	})
}

func TestAForeignFile(t *testing.T) {
	line := func(s string) string { return header + s + "\n" }
	until := time.Now().Add(time.Hour).Unix()
	good := fmt.Sprintf(`{"id":"YQ==","pool":"p","node":"node1","needs":["vm"],"born":1,"until":%d,"answered":true}`, until)
	for name, tt := range map[string]struct {
		text string
		n    int
		ok   bool
	}{
		"empty":             {"", 0, false},
		"another file":      {"secrets\n" + good + "\n", 0, false},
		"nothing":           {header, 0, true},
		"one":               {line(good), 1, true},
		"no end":            {header + good, 0, false},
		"not JSON":          {line("{") + good + "\n", 1, false},
		"an unknown node":   {line(strings.Replace(good, "node1", "nodeX", 1)), 0, true},
		"an unknown pool":   {line(strings.Replace(good, `"p"`, `"q"`, 1)), 0, true},
		"without an id":     {line(strings.Replace(good, "YQ==", "", 1)), 0, false},
		"without needs":     {line(strings.Replace(good, `["vm"]`, "[]", 1)), 0, false},
		"empty names":       {line(strings.Replace(good, `"vm"`, `""`, 1)), 0, false},
		"too many needs":    {line(strings.Replace(good, `["vm"]`, `["vm"`+strings.Repeat(`,"vm"`, maxNeeds)+"]", 1)), 0, false},
		"a line too long":   {line(strings.Repeat("x", 2*maxLine)), 0, false},
		"over":              {line(strings.Replace(good, fmt.Sprint(until), "5", 1)), 0, true},
		"in the far future": {line(strings.Replace(good, fmt.Sprint(until), "999999999999", 1)), 1, true},
	} {
		m, b := boxes(t, 1, 9), &Book{}
		n, err := b.Load(strings.NewReader(tt.text), time.Now(), finder(m))
		if n != tt.n || (err == nil) != tt.ok || b.Total() != tt.n {
			t.Errorf("%s: %d calls, %v", name, n, err)
		}
		b.Sweep(time.Now().Add(DefaultDialog + time.Minute))
		if used(t, m, 0); b.Total() != 0 {
			t.Errorf("%s: a call stays for ever", name)
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte(header + `{"id":"YQ==","pool":"p","node":"node1","needs":["vm"],"born":1,"until":9999999999,"answered":true}` + "\n"))
	f.Add([]byte(header + "{}\n[]\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, b := boxes(t, 1, 9), &Book{Max: 10}
		n, _ := b.Load(bytes.NewReader(text), time.Now(), finder(m))
		if n != b.Total() || n > 10 {
			t.Errorf("%d calls, %d in the book", n, b.Total())
		}
		for c := range b.All() {
			b.Close(c.Key)
		}
		if used := m[0].Load.Used("vm") + m[0].Load.Used("pstn"); used != 0 {
			t.Errorf("%d in use of nothing", used)
		}
	})
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space") }

func TestSaveSaysWhatWentWrong(t *testing.T) {
	if err := (&Book{}).Save(fullDisk{}); err == nil {
		t.Error("nothing was said")
	}
}
