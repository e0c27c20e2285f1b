package pending_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"twinhop/gateway"
	"twinhop/gateway/cluster"
	"twinhop/sip/pending"
)

var start = time.Unix(1_000_000_000, 0)

// nodes are three members that nobody watches.
var nodes = [3]*cluster.Member{
	{Node: &cluster.Node{Name: "n1"}, Load: &cluster.MemberLoad{}},
	{Node: &cluster.Node{Name: "n2"}, Load: &cluster.MemberLoad{}},
	{Node: &cluster.Node{Name: "n3"}, Load: &cluster.MemberLoad{}},
}

// blind gives attempt i to node i and does nothing.
type blind struct{}

func (blind) Place(x *pending.Invite) (pending.Placed, error) {
	return pending.Placed{Decision: gateway.Decision{Member: nodes[x.Attempt()]}}, nil
}
func (blind) Repeat(*pending.Invite, int)        {}
func (blind) Withdraw(*pending.Invite, int)      {}
func (blind) Acknowledge(*pending.Invite, int)   {}
func (blind) Reply(*pending.Invite, pending.Own) {}

var (
	usual  = pending.Settings{Invite: 2 * time.Second, Trying: 4 * time.Second, Total: 20 * time.Second, Attempts: 3, Codes: []int{503}}
	source = pending.Origin{Leg: 1, Src: netip.MustParseAddrPort("198.51.100.7:5060")}
	invite = pending.Request{Message: []byte(strings.Repeat("x", 1350)), Body: 900, Origin: source}
)

func spread(i uint64) pending.Key { // what a keyed hash would give
	i ^= i >> 31
	i *= 0x9e3779b97f4a7c15
	return pending.Key(i ^ i>>29)
}

// call is what most calls are.
func call(t *pending.Table, now time.Time, k pending.Key, st pending.Stage) {
	t.Invite(now, k, invite, st)
	b := pending.Branch{Key: k}
	t.Answer(now, b, pending.Response{Status: 100}, st)
	t.Answer(now, b, pending.Response{Status: 180, Tagged: true}, st)
	t.Answer(now, b, pending.Response{Status: 200, Tagged: true}, st)
}

func TestAllocations(t *testing.T) {
	table := pending.New(start)
	table.Apply(usual)
	var st pending.Stage = blind{}
	now, i := start, uint64(0)
	for range 5000 {
		i++
		call(table, now, spread(i), st)
	}
	if n := testing.AllocsPerRun(5000, func() {
		i++
		now = now.Add(time.Millisecond)
		call(table, now, spread(i), st)
		table.Tick(now, st)
	}); n != 0 {
		t.Errorf("an ordinary call allocates %v times", n)
	}
	// A call that fails over, is refused and forgotten later.
	difficult := func() {
		i++
		k := spread(i)
		now = now.Add(50 * time.Millisecond)
		table.Invite(now, k, invite, st)
		table.Answer(now, pending.Branch{Key: k}, pending.Response{Status: 503}, st)
		table.Answer(now, pending.Branch{Key: k, Attempt: 1}, pending.Response{Status: 100}, st)
		table.Answer(now, pending.Branch{Key: k, Attempt: 1}, pending.Response{Status: 486}, st)
		table.Ack(now, k)
		table.Tick(now, st)
	}
	for range 5000 {
		difficult()
	}
	if n := testing.AllocsPerRun(5000, difficult); n != 0 {
		t.Errorf("a call that fails over allocates %v times", n)
	}
}

// BenchmarkCall is one ordinary call with a thousand others ringing.
func BenchmarkCall(b *testing.B) {
	table := pending.New(start)
	table.Apply(usual)
	var st pending.Stage = blind{}
	for i := range uint64(1000) {
		table.Invite(start, spread(1<<40+i), invite, st)
		table.Answer(start, pending.Branch{Key: spread(1<<40 + i)}, pending.Response{Status: 180}, st)
	}
	b.ReportAllocs()
	i := uint64(0)
	for b.Loop() {
		i++
		call(table, start, spread(i), st)
	}
}

// BenchmarkTurnover keeps three thousand calls going, each of which rings for a second; it includes Tick.
func BenchmarkTurnover(b *testing.B) {
	table := pending.New(start)
	table.Apply(usual)
	var st pending.Stage = blind{}
	b.ReportAllocs()
	i := uint64(3000)
	for b.Loop() {
		i++
		now := start.Add(time.Duration(i) * time.Second / 3000)
		if i%30 == 0 {
			table.Tick(now, st)
		}
		k, old := pending.Branch{Key: spread(i)}, pending.Branch{Key: spread(i - 3000)}
		table.Invite(now, k.Key, invite, st)
		table.Answer(now, k, pending.Response{Status: 100}, st)
		table.Answer(now, k, pending.Response{Status: 180, Tagged: true}, st)
		table.Answer(now, old, pending.Response{Status: 200, Tagged: true}, st)
	}
	if n := table.Live(); n > 3100 {
		b.Fatal(n, "calls")
	}
}

// BenchmarkIdleTick has a thousand calls that ring and nothing to do.
func BenchmarkIdleTick(b *testing.B) {
	table := pending.New(start)
	table.Apply(usual)
	var st pending.Stage = blind{}
	for i := range uint64(1000) {
		table.Invite(start, spread(i), invite, st)
		table.Answer(start, pending.Branch{Key: spread(i)}, pending.Response{Status: 180}, st)
	}
	table.Tick(start.Add(time.Second), st)
	b.ReportAllocs()
	for b.Loop() {
		table.Tick(start.Add(2*time.Second), st)
	}
}
