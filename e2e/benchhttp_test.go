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

// BenchmarkHTTP compares the gateway, by AJP13 and by HTTP, with Apache httpd and mod_jk, haproxy
// and nginx, all Debian's, in one run before the same nodes, taking turns. "make bench-http" runs
// it. What is printed is meant to be read as ratios: microseconds belong to the machine.
//
//	BENCH_SHORT=1      one short pair for each figure, to see that it works
//	BENCH_PAIRS=5      pairs for each figure
//	BENCH_SECONDS=4    length of a run
//	BENCH_ONLY=tomcat  or light: the nodes
//	BENCH_RATES=1000,max    requests a second of all visitors together; max: each asks as soon as it is answered
//	BENCH_FRONTS=twinhop-ajp,httpd    which of the fronts
//	BENCH_BINARY=path  a gateway already built
//	BENCH_CONFIG=yaml  more lines for its configuration; they are printed
func BenchmarkHTTP(b *testing.B) {
	need(b, "java", tomcatHome+"/lib/catalina-ha.jar", "gcc", httpd, modjk, haproxy, nginx)
	p := plannedWeb(b)
	fmt.Printf("\nmachine: %s\n", machine())
	fmt.Printf("load: %d visitors, each on a kept connection with a session of its own (a browser's fields, about 450 bytes) and a GET for its page, which must come from the session's node.\n"+
		"  CPU is user + system of the front's whole process tree; p50, p99: sent to the whole answer read, in the visitor; memory: PSS after the run.\n", visitors)
	fmt.Printf("runs: %d s each, %d pairs taking turns; no access logs; httpd with mpm_event and ping_mode CI, all of them without a limit of requests on a connection.\n"+
		"  twinhop as shipped: besides it keeps its table of sessions, metrics, admin and trace.\n", int(p.length.Seconds()), p.pairs)
	if more := os.Getenv("BENCH_CONFIG"); more != "" {
		fmt.Printf("  not as shipped: %s\n", more)
	}
	for _, kind := range webNodes {
		if p.only != "" && p.only != kind.name {
			continue
		}
		nodes := kind.start(b)
		for _, rate := range p.rates {
			p.cell(b, kind.name+": "+kind.about, nodes, rate)
		}
		nodes.kill()
	}
}

const visitors = 64

// webNodes are what the fronts stand before.
var webNodes = []struct {
	name, about string
	start       func(*testing.B) *webPair
}{
	{"tomcat", "a JSP with a session on two real Tomcats", webTomcats},
	{"light", "the same page from two servers that do nothing but send it, so that the fronts have the machine to themselves", webOrigins},
}

type webPlan struct {
	pairs  int
	length time.Duration
	rates  []int // 0: as fast as it is answered
	only   string
	fronts []string
}

func plannedWeb(b *testing.B) webPlan {
	p := webPlan{pairs: 5, length: 4 * time.Second, rates: []int{0, 1000}, only: os.Getenv("BENCH_ONLY")}
	if os.Getenv("BENCH_SHORT") != "" {
		p.pairs, p.length, p.rates = 1, time.Second, []int{0}
	}
	if v := os.Getenv("BENCH_PAIRS"); v != "" {
		p.pairs = benchNumber(b, "BENCH_PAIRS", v)
	}
	if v := os.Getenv("BENCH_SECONDS"); v != "" {
		p.length = time.Duration(benchNumber(b, "BENCH_SECONDS", v)) * time.Second
	}
	if v := os.Getenv("BENCH_RATES"); v != "" {
		p.rates = nil
		for f := range strings.SplitSeq(v, ",") {
			rate := 0
			if f != "max" {
				rate = benchNumber(b, "BENCH_RATES", f)
			}
			p.rates = append(p.rates, rate)
		}
	}
	if v := os.Getenv("BENCH_FRONTS"); v != "" {
		p.fronts = strings.Split(v, ",")
	}
	return p
}

// webFigures are what one run of one front gave.
type webFigures struct {
	perRequest time.Duration // CPU
	rate       float64       // answers a second
	failed     int
	p50, p99   time.Duration
	memory     int64
}

// cell compares at one rate: a pair is one run of each front, and who is first changes every time.
func (p webPlan) cell(b *testing.B, about string, nodes *webPair, rate int) {
	dir := scratch(b)
	var fronts []*webFront
	for _, kind := range webFronts {
		if p.fronts == nil || slices.Contains(p.fronts, kind.name) {
			fronts = append(fronts, kind.start(b, dir, nodes))
		}
	}
	defer func() {
		for _, f := range fronts {
			f.kill()
		}
	}()
	pace := "as fast as they are answered"
	if rate > 0 {
		pace = fmt.Sprintf("%d requests/s", rate)
	}
	for _, f := range fronts {
		webRun(b, nodes, f, 0, max(time.Second, p.length/2)) // buffers grow, pages come in, Java compiles
	}
	fmt.Printf("\n%s; %s\n%-14s %4s %12s %9s %7s %8s %8s %8s\n", about, pace, "", "pair", "CPU s/10,000", "answers/s", "failed", "p50 us", "p99 us", "MB")
	all := map[string][]webFigures{}
	for pair := range p.pairs {
		turn := slices.Clone(fronts)
		if pair%2 == 1 {
			slices.Reverse(turn)
		}
		for _, f := range turn {
			got := webRun(b, nodes, f, rate, p.length)
			all[f.label] = append(all[f.label], got)
			got.print(f.label, strconv.Itoa(pair+1))
		}
	}
	for _, f := range fronts {
		middleWeb(all[f.label]).print(f.label, "med.")
	}
	for _, c := range [...][2]string{{"twinhop-ajp", "httpd"}, {"twinhop-http", "httpd"}, {"twinhop-http", "haproxy"}, {"twinhop-http", "nginx"}, {"twinhop-ajp", "haproxy"}} {
		if all[c[0]] == nil || all[c[1]] == nil {
			continue
		}
		ratio := webRatios(c[0]+" / "+c[1], all[c[0]], all[c[1]])
		if c[1] == "httpd" {
			b.ReportMetric(ratio, fmt.Sprintf("%s-%s@%d-cpu-ratio", strings.TrimSuffix(strings.Fields(about)[0], ":"), c[0], rate))
		}
	}
}

func (f webFigures) print(label, pair string) {
	fmt.Printf("%-14s %4s %12.3f %9.0f %7d %8d %8d %8.1f\n", label, pair, f.perRequest.Seconds()*1e4, f.rate, f.failed,
		f.p50.Microseconds(), f.p99.Microseconds(), float64(f.memory)/1e6)
}

func middleWeb(all []webFigures) webFigures {
	return webFigures{
		perRequest: median(column(all, func(f webFigures) time.Duration { return f.perRequest })),
		rate:       median(column(all, func(f webFigures) float64 { return f.rate })),
		failed:     median(column(all, func(f webFigures) int { return f.failed })),
		p50:        median(column(all, func(f webFigures) time.Duration { return f.p50 })),
		p99:        median(column(all, func(f webFigures) time.Duration { return f.p99 })),
		memory:     median(column(all, func(f webFigures) int64 { return f.memory })),
	}
}

// webRatios prints quotients, taken pair by pair, and returns that of the CPU.
func webRatios(label string, a, b []webFigures) (cpu float64) {
	fmt.Printf("ratio %-24s", label)
	for i, c := range []struct {
		name string
		of   func(webFigures) float64
	}{
		{"CPU", func(f webFigures) float64 { return float64(f.perRequest) }},
		{"answers/s", func(f webFigures) float64 { return f.rate }},
		{"p99", func(f webFigures) float64 { return float64(f.p99) }},
		{"memory", func(f webFigures) float64 { return float64(f.memory) }},
	} {
		var q []float64
		for i := range a {
			if d := c.of(b[i]); d != 0 {
				q = append(q, c.of(a[i])/d)
			}
		}
		if len(q) == 0 {
			continue
		}
		fmt.Printf("  %s %.2f (%.2f-%.2f)", c.name, median(q), slices.Min(q), slices.Max(q))
		if i == 0 {
			cpu = median(q)
		}
	}
	fmt.Println()
	return cpu
}

func benchNumber(b *testing.B, name, text string) int {
	b.Helper()
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		b.Fatalf("%s: %q is not a number", name, text)
	}
	return n
}

// webRun puts one front under load and looks at it.
func webRun(b *testing.B, nodes *webPair, f *webFront, rate int, length time.Duration) webFigures {
	b.Helper()
	crowd := make([]*visitor, visitors)
	for i := range crowd {
		crowd[i] = newVisitor(b, f.addr(), nodes.sessions[i%len(nodes.sessions)])
	}
	pid := f.cmd.Process.Pid
	before, members, start := cpu(pid), len(family(pid)), time.Now()
	took := visiting(crowd, rate, length)
	since, used := time.Since(start), cpu(pid)-before
	if now := len(family(pid)); now != members {
		b.Logf("%s had %d processes and has %d: the CPU of those that ended is not in its figure", f.label, members, now)
	}
	got := webFigures{rate: float64(len(took)) / since.Seconds(), p50: percentile(took, 50), p99: percentile(took, 99), memory: memory(pid)}
	got.perRequest = used / time.Duration(max(1, len(took)))
	for _, v := range crowd {
		if v.conn.Close(); v.err != nil {
			if got.failed++; got.failed == 1 {
				b.Logf("%s: %v", f.label, v.err)
			}
		}
	}
	for _, p := range append(nodes.procs(), f.process) {
		if !p.running() {
			text, _ := os.ReadFile(p.log)
			b.Fatalf("%s died: %v\n%s", p.name, p.err, text[max(0, len(text)-2000):])
		}
	}
	return got
}
