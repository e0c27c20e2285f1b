package e2e

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// sippRun is one SIPp process: a node that takes calls, or a caller.
type sippRun struct {
	*process
	stats string // its statistics, one line a second
	short string // one line for each message it sent or received
}

// sipp starts one that also logs each message it sends or receives.
func sipp(t testing.TB, dir, name string, args ...string) *sippRun {
	t.Helper()
	short := filepath.Join(dir, name+".short")
	r := sippQuiet(t, dir, name, append([]string{"-trace_shortmsg", "-shortmessage_file", short}, args...)...)
	r.short = short
	return r
}

// sippQuiet starts one that keeps statistics only. Its scenario is that of its name, unless the arguments name a file.
func sippQuiet(t testing.TB, dir, name string, args ...string) *sippRun {
	t.Helper()
	need(t, "sipp")
	var err error
	if !slices.Contains(args, "-sf") {
		scenario, err := filepath.Abs(filepath.Join("testdata", "sipp", strings.TrimRight(name, "0123456789")+".xml"))
		if err != nil {
			t.Fatal(err)
		}
		args = append([]string{"-sf", scenario}, args...)
	}
	r := &sippRun{stats: filepath.Join(dir, name+".csv")}
	argv := append([]string{"sipp", "-i", "127.0.0.1", "-nd", "-nostdin", "-trace_err", "-error_file", name + ".err",
		"-trace_stat", "-stf", r.stats, "-fd", "1", "-watchdog_interval", "0",
		"-buff_size", "4194304", "-max_recv_loops", "5000", "-max_sched_loops", "5000"}, args...)
	if r.process, err = launch(dir, name, argv...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.kill)
	return r
}

// sippNode starts a node that serves calls at the port.
func sippNode(t testing.TB, dir, name string, port int) *sippRun {
	return sipp(t, dir, name, "-p", strconv.Itoa(port))
}

// load is a number of calls at a rate, each held for a while.
type load struct {
	rate, calls int
	hold        time.Duration
}

// limit is when the last call is over, whatever happens to it.
func (l load) limit() time.Duration {
	return time.Duration(l.calls/l.rate)*time.Second + l.hold + 30*time.Second
}

func callerArgs(port int, target string, l load) []string {
	return []string{"-s", "service", "-p", strconv.Itoa(port), target, "-r", strconv.Itoa(l.rate),
		"-m", strconv.Itoa(l.calls), "-d", strconv.Itoa(int(l.hold / time.Millisecond)), "-l", "20000", "-recv_timeout", "10000",
		"-timeout", strconv.Itoa(int(l.limit()/time.Second)) + "s", "-timeout_error"}
}

// sippCalls places calls and waits for the end of the last one.
func sippCalls(t testing.TB, dir, target string, l load) *sippRun {
	t.Helper()
	r := sipp(t, dir, "caller", callerArgs(freePort(t), target, l)...)
	if err := r.wait(l.limit() + 10*time.Second); err != nil {
		t.Errorf("caller: %v", err)
	}
	return r
}

// counts reads the totals from the last line of SIPp's statistics.
func (r *sippRun) counts() (map[string]int, error) {
	f, err := os.Open(r.stats)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	in := csv.NewReader(f)
	in.Comma, in.FieldsPerRecord, in.LazyQuotes = ';', -1, true
	rows, err := in.ReadAll()
	if err != nil || len(rows) < 2 {
		return nil, fmt.Errorf("statistics of %s: %d lines, %v", r.name, len(rows), err)
	}
	last := rows[len(rows)-1]
	totals := map[string]int{}
	for i, name := range rows[0] {
		if name, ok := strings.CutSuffix(name, "(C)"); ok && i < len(last) {
			totals[name], _ = strconv.Atoi(last[i])
		}
	}
	return totals, nil
}

// line is a message in SIPp's short log.
type line struct {
	sent  bool
	call  string
	cseq  string
	start string
}

func (r *sippRun) messages() ([]line, error) {
	f, err := os.Open(r.short)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var all []line
	in := bufio.NewScanner(f)
	for in.Scan() {
		c := strings.Split(in.Text(), "\t")
		if len(c) != 7-1 && len(c) != 7 {
			return nil, fmt.Errorf("%s: %q is not a line of the short log", r.short, in.Text())
		}
		c = c[len(c)-4:]
		all = append(all, line{sent: c[0] == "S", call: c[1], cseq: strings.TrimPrefix(c[2], "CSeq:"), start: c[3]})
	}
	return all, in.Err()
}

// stepOf orders the messages of a call: what has a lower step must not come after.
func (l line) step() int {
	status := strings.TrimPrefix(l.start, "SIP/2.0 ")
	switch {
	case status != l.start && strings.HasSuffix(l.cseq, "INVITE"):
		return 1 + int(status[0]-'1')*2 + map[bool]int{true: 1}[strings.HasPrefix(status, "18")] // 100, 180, 200
	case status != l.start && strings.HasSuffix(l.cseq, "BYE"):
		return 9
	case strings.HasPrefix(l.start, "INVITE"):
		return 0
	case strings.HasPrefix(l.start, "ACK"):
		return 7
	case strings.HasPrefix(l.start, "BYE"):
		return 8
	}
	return -1
}

// disorder counts received messages that came after one of a later step of the same call, and
// repetitions apart: those are the transport's, not a fault of order.
func disorder(all []line) int {
	reached := map[string]int{}
	seen := map[line]bool{}
	n := 0
	for _, l := range all {
		s := l.step()
		if l.sent || s < 0 || seen[l] {
			continue
		}
		seen[l] = true
		if s < reached[l.call] {
			n++
		}
		reached[l.call] = max(reached[l.call], s)
	}
	return n
}

// served says which calls a node took part in.
func served(all []line) map[string]bool {
	calls := map[string]bool{}
	for _, l := range all {
		if !l.sent && !strings.HasPrefix(l.start, "OPTIONS") {
			calls[l.call] = true
		}
	}
	return calls
}

// TestSippRig proves the second stage without the gateway: a node takes calls, statistics and
// message logs are read back, and the judge of order can say no.
func TestSippRig(t *testing.T) {
	dir, port := scratch(t), freePort(t)
	node := sippNode(t, dir, "node1", port)
	caller := sippCalls(t, dir, fmt.Sprintf("127.0.0.1:%d", port), load{rate: 100, calls: 50, hold: 50 * time.Millisecond})
	got, err := caller.counts()
	if err != nil {
		t.Fatal(err)
	}
	if got["SuccessfulCall"] != 50 || got["FailedCall"] != 0 {
		t.Errorf("statistics: %v", got)
	}
	for _, r := range []*sippRun{node, caller} {
		all, err := r.messages()
		if err != nil {
			t.Fatal(err)
		}
		if n := len(served(all)); n != 50 || disorder(all) != 0 {
			t.Errorf("%s: %d calls, %d messages out of order; want 50, 0", r.name, n, disorder(all))
		}
	}
	wrong := []line{{call: "a", cseq: "1 INVITE", start: "SIP/2.0 200 OK"}, {call: "b", cseq: "1 INVITE", start: "SIP/2.0 100 Trying"},
		{call: "a", cseq: "1 INVITE", start: "SIP/2.0 180 Ringing"}, {call: "c", cseq: "1 ACK", start: "BYE x SIP/2.0"},
		{call: "c", cseq: "1 ACK", start: "ACK x SIP/2.0"}}
	if n := disorder(wrong); n != 2 {
		t.Errorf("disorder finds %d of 2 faults", n)
	}
}
