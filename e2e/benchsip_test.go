//go:build linux

package e2e

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// BenchmarkSIP compares the gateway with Debian's Kamailio, and both with a relay that looks at
// nothing, in one run against the same nodes and callers, taking turns. "make bench-sip" runs
// it. What is printed is meant to be read as ratios: microseconds belong to the machine.
//
//	BENCH_SHORT=1      one short pair for each figure, to see that it works (under a minute)
//	BENCH_PAIRS=5      pairs for each figure
//	BENCH_SECONDS=8    length of a run
//	BENCH_ONLY=lean    or full, or late: how long others wait while one source floods
//	BENCH_RATES=1000,3000,max    max is the highest rate without a failure
//	BENCH_BINARY=path  a gateway already built
//	BENCH_CONFIG=yaml  more lines for its configuration, "telemetry: {trace: {maxBytes: 0}}"; they are printed
func BenchmarkSIP(b *testing.B) {
	need(b, "sipp", kamailio, "gcc")
	p := planned(b)
	fmt.Printf("\nmachine: %s\n", machine())
	fmt.Printf("load: a SIPp caller (INVITE, 100, 180, 200, ACK, %v, BYE, 200: %d messages a call) and %d calls/s of a stopwatch beside it; two SIPp nodes that answer\n"+
		"  100, 180 and 200 back to back. CPU is user + system of the whole process tree; p50, p99: INVITE sent to 200 in the caller's socket; memory: PSS after the run.\n", benchHold, perCall, stopwatchRate)
	fmt.Printf("runs: %d s each, %d pairs taking turns; receive buffers 4 MiB each; rport, Max-Forwards, Record-Route and probes on everywhere; the relay knows one node and changes nothing.\n"+
		"  twinhop besides keeps its table of sessions and calls, metrics, admin and trace.\n", int(p.length.Seconds()), p.pairs)
	if more := os.Getenv("BENCH_CONFIG"); more != "" {
		fmt.Printf("  not as shipped: %s\n", more)
	}
	for _, m := range benchModes {
		if p.only != "" && p.only != m.name {
			continue
		}
		fmt.Printf("\n%s: %s\n", m.name, m.about)
		for _, rate := range p.rates {
			p.cell(b, m, rate)
		}
		if p.ceiling {
			p.highest(b, m)
		}
	}
	if p.only == "" || p.only == "late" {
		p.late(b)
	}
}

const (
	perCall       = 7 // messages of a call that leave a proxy
	stopwatchRate = 200
	benchHold     = 500 * time.Millisecond
)

// mode is a pair of configurations that do comparable work.
type mode struct{ name, gateway, kamailio, about string }

var benchModes = []mode{
	{"lean", "sip: {sendTrying: never, failover: {attempts: 0}}\n", "stateless",
		"twinhop forwards without state of INVITEs (sendTrying: never, failover.attempts: 0); Kamailio forward(), stateless, hash of the Call-ID"},
	{"full", "", "stateful",
		"twinhop as it is by default (pending INVITEs, failover while ringing, the node's 100 passed on); Kamailio t_relay(), failover on silence and 503, its own 100 at once"},
}

type benchPlan struct {
	pairs   int
	length  time.Duration
	rates   []int
	only    string
	ceiling bool
}

func planned(b *testing.B) benchPlan {
	p := benchPlan{pairs: 5, length: 8 * time.Second, rates: []int{1000, 3000}, only: os.Getenv("BENCH_ONLY"), ceiling: true}
	if os.Getenv("BENCH_SHORT") != "" {
		p.pairs, p.length, p.rates, p.ceiling = 1, 2*time.Second, []int{1000}, false
	}
	if v := os.Getenv("BENCH_PAIRS"); v != "" {
		p.pairs = benchNumber(b, "BENCH_PAIRS", v)
	}
	if v := os.Getenv("BENCH_SECONDS"); v != "" {
		p.length = time.Duration(benchNumber(b, "BENCH_SECONDS", v)) * time.Second
	}
	if v := os.Getenv("BENCH_RATES"); v != "" {
		p.rates, p.ceiling = nil, false
		for f := range strings.SplitSeq(v, ",") {
			if f == "max" {
				p.ceiling = true
				continue
			}
			p.rates = append(p.rates, benchNumber(b, "BENCH_RATES", f))
		}
	}
	return p
}

// figures are what one run of one subject gave.
type figures struct {
	perMessage time.Duration // CPU
	achieved   float64       // calls completed a second; 0 when any failed
	failed     int
	repeated   int
	disorder   int
	drops      int
	p50, p99   time.Duration
	memory     int64
}

// cell compares at one rate: a pair is one run of each, and who is first changes every time.
func (p benchPlan) cell(b *testing.B, m mode, rate int) {
	dir := scratch(b)
	nodes := benchNodes(b, dir)
	subjects := []*subject{benchGateway(b, dir, nodes.ports, m.gateway), benchKamailio(b, dir, nodes.ports, m.kamailio), benchRelay(b, dir, nodes.ports)}
	defer func() {
		for _, s := range subjects {
			s.kill()
		}
		nodes.kill()
	}()
	for _, s := range subjects {
		benchRun(b, dir, nodes, s, rate, time.Second) // buffers grow, pages come in
	}
	all := map[string][]figures{}
	fmt.Printf("\n%s, %d calls/s\n%-10s %4s %8s %8s %7s %8s %10s %8s %8s %8s %8s\n", m.name, rate, "", "pair", "us/msg", "calls/s", "failed", "repeated", "reordered", "dropped", "p50 us", "p99 us", "MB")
	for pair := range p.pairs {
		turn := slices.Clone(subjects)
		if pair%2 == 1 {
			slices.Reverse(turn)
		}
		for _, s := range turn {
			f := benchRun(b, dir, nodes, s, rate, p.length)
			all[s.label] = append(all[s.label], f)
			f.print(s.label, strconv.Itoa(pair+1))
		}
	}
	for _, s := range subjects {
		middle(all[s.label]).print(s.label, "med.")
	}
	order(b, dir, subjects[:2], rate, min(3, int(p.length/time.Second)))
	us, other, relay := all["twinhop"], all["kamailio"], all["C relay"]
	p99 := func(f figures) time.Duration { return f.p99 }
	fmt.Printf("p99 beyond the relay's: twinhop %+d us, kamailio %+d us\n", (median(column(us, p99)) - median(column(relay, p99))).Microseconds(),
		(median(column(other, p99)) - median(column(relay, p99))).Microseconds())
	ratios("twinhop / kamailio", us, other)
	ratios("twinhop / C relay", us, relay)
	b.ReportMetric(median(quotients(us, other, func(f figures) float64 { return float64(f.perMessage) })), fmt.Sprintf("%s@%d-cpu-ratio", m.name, rate))
}

func (f figures) print(label, pair string) {
	fmt.Printf("%-10s %4s %8.2f %8.0f %7d %8d %10d %8d %8d %8d %8.1f\n", label, pair, float64(f.perMessage)/1e3, f.achieved, f.failed, f.repeated,
		f.disorder, f.drops, f.p50.Microseconds(), f.p99.Microseconds(), float64(f.memory)/1e6)
}

func middle(all []figures) figures {
	return figures{
		perMessage: median(column(all, func(f figures) time.Duration { return f.perMessage })),
		achieved:   median(column(all, func(f figures) float64 { return f.achieved })),
		failed:     median(column(all, func(f figures) int { return f.failed })),
		repeated:   median(column(all, func(f figures) int { return f.repeated })),
		disorder:   median(column(all, func(f figures) int { return f.disorder })),
		drops:      median(column(all, func(f figures) int { return f.drops })),
		p50:        median(column(all, func(f figures) time.Duration { return f.p50 })),
		p99:        median(column(all, func(f figures) time.Duration { return f.p99 })),
		memory:     median(column(all, func(f figures) int64 { return f.memory })),
	}
}

func column[F, T any](all []F, of func(F) T) []T {
	var out []T
	for _, f := range all {
		out = append(out, of(f))
	}
	return out
}

// quotients are taken pair by pair, so that what disturbs the machine for a while disturbs both.
func quotients(a, b []figures, of func(figures) float64) []float64 {
	var out []float64
	for i := range a {
		if d := of(b[i]); d != 0 {
			out = append(out, of(a[i])/d)
		}
	}
	return out
}

func ratios(label string, a, b []figures) {
	fmt.Printf("ratio %-19s", label)
	for _, c := range []struct {
		name string
		of   func(figures) float64
	}{
		{"CPU/message", func(f figures) float64 { return float64(f.perMessage) }},
		{"calls/s", func(f figures) float64 { return f.achieved }},
		{"p99", func(f figures) float64 { return float64(f.p99) }},
		{"memory", func(f figures) float64 { return float64(f.memory) }},
	} {
		q := quotients(a, b, c.of)
		if len(q) == 0 {
			continue
		}
		fmt.Printf("  %s %.2f (%.2f-%.2f)", c.name, median(q), slices.Min(q), slices.Max(q))
	}
	fmt.Println()
}

// nodesUnderLoad are the two SIPp nodes that all subjects share.
type nodesUnderLoad struct {
	ports [2]int
	procs [2]*process
}

func (n *nodesUnderLoad) kill() {
	for _, p := range n.procs {
		p.kill()
	}
}

func benchNodes(b *testing.B, dir string) *nodesUnderLoad {
	n := &nodesUnderLoad{}
	for i := range 2 {
		n.ports[i] = freePort(b)
		n.procs[i] = sippQuiet(b, dir, fmt.Sprintf("node%d", i+1), "-p", strconv.Itoa(n.ports[i])).process
	}
	return n
}

// benchRun puts one subject under load and looks at it.
func benchRun(b *testing.B, dir string, nodes *nodesUnderLoad, s *subject, rate int, length time.Duration) figures {
	b.Helper()
	calls := rate * int(length/time.Second)
	watch := newStopwatch(b, s.callers[1], s.addr())
	pid := s.cmd.Process.Pid
	before, drops, start := cpu(pid), dropped(s.port), time.Now()
	caller := sippQuiet(b, dir, "caller", callerArgs(s.callers[0], s.addr(), load{rate: rate, calls: calls, hold: benchHold})...)
	watch.watch(stopwatchRate, length)
	if err := caller.wait(length + 40*time.Second); err != nil {
		b.Logf("caller of %s: %v", s.label, err)
	}
	used := cpu(pid) - before
	got, err := caller.counts()
	if err != nil {
		b.Fatal(err)
	}
	setup, lost, disorder := watch.result()
	f := figures{failed: calls - got["SuccessfulCall"] + lost, repeated: got["Retransmissions"], disorder: disorder, drops: dropped(s.port) - drops,
		p50: percentile(setup, 50), p99: percentile(setup, 99), memory: memory(pid)}
	f.perMessage = used / time.Duration(max(1, perCall*(got["SuccessfulCall"]+len(watch.calls)-lost)))
	if f.failed == 0 {
		f.achieved = float64(calls) / (caller.end.Sub(start) - benchHold).Seconds()
	}
	for _, p := range append(nodes.procs[:], s.process) {
		if !p.running() {
			text, _ := os.ReadFile(p.log)
			b.Fatalf("%s died: %v\n%s", p.name, p.err, text[max(0, len(text)-2000):])
		}
	}
	return f
}

// order places calls without measuring anything but the order in which the caller gets its
// answers: the log of messages would weigh on the other figures.
func order(b *testing.B, dir string, subjects []*subject, rate, seconds int) {
	b.Helper()
	fmt.Print("order, logged by the caller:")
	for _, s := range subjects {
		l := load{rate: rate, calls: rate * seconds, hold: benchHold}
		caller := sipp(b, dir, "caller", callerArgs(s.callers[0], s.addr(), l)...)
		if err := caller.wait(l.limit() + 10*time.Second); err != nil {
			b.Logf("caller of %s: %v", s.label, err)
		}
		log, err := caller.messages()
		if err != nil {
			b.Fatal(err)
		}
		fmt.Printf("  %s %d of %d messages late", s.label, disorder(log), len(log))
	}
	fmt.Println()
}

// highest raises the rate until a call fails, a message has to be repeated or the callers and
// nodes themselves cannot keep up.
func (p benchPlan) highest(b *testing.B, m mode) {
	const length = 4 * time.Second
	dir := scratch(b)
	nodes := benchNodes(b, dir)
	unlimited := m.gateway + "limits: {sip: {transactions: 0}}\n" // Kamailio sheds nothing either
	subjects := []*subject{benchGateway(b, dir, nodes.ports, unlimited), benchKamailio(b, dir, nodes.ports, m.kamailio)}
	best, why := map[string][]int{}, map[string]string{}
	for pair := range p.pairs {
		turn := slices.Clone(subjects)
		if pair%2 == 1 {
			slices.Reverse(turn)
		}
		for _, s := range turn {
			reached := 0
			for rate := 4000; rate <= 12000; rate += 2000 {
				f := benchRun(b, dir, nodes, s, rate, length)
				if f.failed > 0 || f.repeated > 0 || f.achieved < 0.9*float64(rate) {
					why[s.label] = fmt.Sprintf("at %d: %d failed, %d repeated, %d dropped at its port, %.0f calls/s, p99 %v", rate, f.failed, f.repeated, f.drops, f.achieved, f.p99)
					break
				}
				reached = rate
			}
			best[s.label] = append(best[s.label], reached)
			time.Sleep(time.Second) // what a broken run left behind dies away
		}
	}
	fmt.Printf("\n%s, highest rate without a failed call or a repetition, in steps of 2,000 from 4,000 (up to 12,000, or what SIPp can do):\n", m.name)
	for _, s := range subjects {
		fmt.Printf("%-10s med. %d calls/s of %v; last end %s\n", s.label, median(best[s.label]), best[s.label], why[s.label])
		s.kill()
	}
	nodes.kill()
}
