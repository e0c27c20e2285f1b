//go:build linux

package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// A flood, and what others have of it: one source sends far too much, while another one asks for
// OPTIONS and an operator asks the admin, each every 20 ms whether or not the last question was
// answered. Late is from the question's sending to the answer; nobody should wait 20 ms.
const (
	floodRate  = 60000
	floodFrom  = "127.0.0.3" // the nodes are on 127.0.0.1, whom no limit holds
	askedFrom  = "127.0.0.4"
	askedEvery = 20 * time.Millisecond
	lateBound  = 20 * time.Millisecond
)

// lateLimits is the limit by source as it is shipped, but that loopback is not trusted; Kamailio has its own of the same rate.
const lateLimits = "limits: {trusted: [\"::1/128\"]}\n"

func (p benchPlan) late(b *testing.B) {
	dir := scratch(b)
	nodes := benchNodes(b, dir)
	subjects := []*subject{benchGateway(b, dir, nodes.ports, lateLimits), benchKamailio(b, dir, nodes.ports, "late")}
	defer func() {
		for _, s := range subjects {
			s.kill()
		}
		nodes.kill()
	}()
	fmt.Printf("\nlate: %d INVITEs/s of one source for %d s, which is above the limit by source of both (100/s; Kamailio: pike); what others wait meanwhile, asking every %v\n",
		floodRate, int(p.length.Seconds()), askedEvery)
	fmt.Printf("%-10s %-24s %4s %8s %7s %11s %8s %8s %8s %8s\n", "", "", "pair", "sent/s", "asked", "unanswered", "dropped", "p50 ms", "p99 ms", "max ms")
	all := map[string][]lateness{}
	for pair := range p.pairs {
		turn := slices.Clone(subjects)
		if pair%2 == 1 {
			slices.Reverse(turn)
		}
		for _, s := range turn {
			for _, rate := range []int{0, floodRate} {
				label := fmt.Sprint(pair + 1)
				for _, l := range lateRun(b, s, rate, p.length) {
					if rate == 0 {
						l.question += ", calm"
					}
					l.print(s.label, label)
					all[s.label+" "+l.question] = append(all[s.label+" "+l.question], l)
				}
			}
		}
	}
	for _, s := range subjects {
		for _, q := range []string{questionOptions, questionHealth, questionNodes} {
			if found := all[s.label+" "+q]; len(found) > 0 {
				m := middleLate(found)
				m.print(s.label, "med.")
				b.ReportMetric(float64(m.p99.Microseconds())/1e3, fmt.Sprintf("%s-%s-p99-ms", s.label, strings.ReplaceAll(q, " ", "-")))
			}
		}
	}
	worst := time.Duration(0)
	for _, q := range []string{questionOptions, questionHealth, questionNodes} {
		worst = max(worst, middleLate(all["twinhop "+q]).p99)
	}
	fmt.Printf("twinhop's worst p99 is %.1f ms; the bound is %v\n", float64(worst.Microseconds())/1e3, lateBound)
}

// lateness is what came of one question.
type lateness struct {
	question          string
	sent              int // messages of the flood, a second
	asked, unanswered int
	drops             int // datagrams that found the subject's receive buffer full
	p50, p99, longest time.Duration
}

func (l lateness) print(label, pair string) {
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1e3 }
	fmt.Printf("%-10s %-24s %4s %8d %7d %11d %8d %8.2f %8.2f %8.2f\n", label, l.question, pair, l.sent, l.asked, l.unanswered, l.drops,
		ms(l.p50), ms(l.p99), ms(l.longest))
}

func middleLate(all []lateness) lateness {
	m := lateness{
		sent:       median(column(all, func(l lateness) int { return l.sent })),
		asked:      median(column(all, func(l lateness) int { return l.asked })),
		unanswered: median(column(all, func(l lateness) int { return l.unanswered })),
		drops:      median(column(all, func(l lateness) int { return l.drops })),
		p50:        median(column(all, func(l lateness) time.Duration { return l.p50 })),
		p99:        median(column(all, func(l lateness) time.Duration { return l.p99 })),
		longest:    median(column(all, func(l lateness) time.Duration { return l.longest })),
	}
	if len(all) > 0 {
		m.question = all[0].question
	}
	return m
}

const (
	questionOptions = "OPTIONS"
	questionHealth  = "GET /healthz"
	questionNodes   = "GET /api/v1/nodes"
)

// lateRun asks a subject everything it answers, under a flood or, at rate 0, without.
func lateRun(b *testing.B, s *subject, rate int, length time.Duration) []lateness {
	b.Helper()
	before := dropped(s.port)
	asking := []asking{newOptions(b, s)}
	if s.admin != "" {
		asking = append(asking, newGet(questionHealth, "tcp", s.admin), newGet(questionNodes, "unix", s.socket))
	}
	ctx, cancel := context.WithCancel(b.Context())
	var flooding sync.WaitGroup
	var sent float64
	if rate > 0 {
		flooding.Go(func() { sent = flood(ctx, b, s.addr(), rate) })
		time.Sleep(100 * time.Millisecond)
	}
	start := time.Now()
	for next := start; next.Before(start.Add(length)); next = next.Add(askedEvery) {
		time.Sleep(time.Until(next))
		for _, a := range asking {
			a.ask()
		}
	}
	cancel()
	flooding.Wait()
	time.Sleep(time.Second) // late answers are answers, too
	drops := dropped(s.port) - before
	var all []lateness
	for _, a := range asking {
		l := lateness{sent: int(sent), drops: drops}
		var took []time.Duration
		l.question, l.asked, took = a.end()
		l.unanswered = l.asked - len(took)
		l.p50, l.p99 = percentile(took, 50), percentile(took, 99)
		if len(took) > 0 {
			l.longest = slices.Max(took)
		}
		all = append(all, l)
	}
	if !s.running() {
		text, _ := os.ReadFile(s.log)
		b.Fatalf("%s died: %v\n%s", s.name, s.err, text[max(0, len(text)-2000):])
	}
	return all
}

// asking asks one question again and again; ask does not wait.
type asking interface {
	ask()
	end() (question string, asked int, took []time.Duration)
}

// options asks for OPTIONS; its clock for answers is the kernel's.
type options struct {
	conn *net.UDPConn
	to   string
	run  uint64

	mu   sync.Mutex
	sent []time.Time
	took []time.Duration
}

func newOptions(b *testing.B, s *subject) *options {
	b.Helper()
	o := &options{conn: stamped(b, askedFrom, 0), to: s.addr(), run: serial.Add(1)}
	go o.listen()
	return o
}

func (o *options) ask() {
	o.mu.Lock()
	n := len(o.sent)
	o.sent = append(o.sent, time.Time{})
	o.mu.Unlock()
	request := fmt.Appendf(nil, "OPTIONS sip:%s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bKo%d-%d;rport\r\nMax-Forwards: 70\r\nFrom: <sip:late@e2e.invalid>;tag=o%d\r\n"+
		"To: <sip:%[1]s>\r\nCall-ID: %[4]d-%[3]d@late\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n", o.to, o.conn.LocalAddr(), o.run, n, n)
	to, _ := net.ResolveUDPAddr("udp4", o.to)
	o.mu.Lock()
	o.sent[n] = time.Now()
	o.mu.Unlock()
	_, _ = o.conn.WriteToUDP(request, to)
}

func (o *options) listen() {
	buf, control := make([]byte, 65536), make([]byte, 256)
	for {
		size, c, _, _, err := o.conn.ReadMsgUDPAddrPort(buf, control)
		if err != nil {
			return
		}
		m, err := parse(buf[:size])
		if err != nil || m.status() != 200 {
			continue
		}
		var n int
		var run uint64
		if _, err := fmt.Sscanf(m.callID(), "%d-%d@", &n, &run); err != nil || run != o.run {
			continue
		}
		at := arrival(control[:c])
		o.mu.Lock()
		if n >= 0 && n < len(o.sent) {
			o.took = append(o.took, at.Round(0).Sub(o.sent[n].Round(0)))
		}
		o.mu.Unlock()
	}
}

func (o *options) end() (string, int, []time.Duration) {
	o.conn.Close()
	o.mu.Lock()
	defer o.mu.Unlock()
	return questionOptions, len(o.sent), o.took
}

// get asks the admin for a page; its clock is ours, as that of an operator's browser.
type get struct {
	question, url string
	client        *http.Client
	open          sync.WaitGroup

	mu    sync.Mutex
	asked int
	took  []time.Duration
}

func newGet(question, network, addr string) *get {
	_, path, _ := strings.Cut(question, " ")
	return &get{question: question, url: "http://admin.invalid" + path, client: &http.Client{Timeout: 3 * time.Second, Transport: &http.Transport{
		MaxIdleConnsPerHost: 16,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, addr)
		}}}}
}

func (g *get) ask() {
	g.asked++
	g.open.Go(func() {
		start := time.Now()
		req, err := http.NewRequest("GET", g.url, nil)
		if err != nil {
			return
		}
		req.Host = "localhost" // the only names that the admin takes on a loopback address
		resp, err := g.client.Do(req)
		if err != nil {
			return
		}
		_, err = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if took := time.Since(start); err == nil && resp.StatusCode == http.StatusOK {
			g.mu.Lock()
			defer g.mu.Unlock()
			g.took = append(g.took, took)
		}
	})
}

func (g *get) end() (string, int, []time.Duration) {
	g.open.Wait()
	g.client.CloseIdleConnections()
	return g.question, g.asked, g.took
}

// flood sends INVITEs of calls that never were, evenly and from one thread, until ctx ends; it returns how many
// a second. Nobody reads the answers.
func flood(ctx context.Context, b *testing.B, to string, rate int) float64 {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	addr, err := net.ResolveUDPAddr("udp4", to)
	if err != nil {
		b.Error(err)
		return 0
	}
	conn, err := net.DialUDP("udp4", &net.UDPAddr{IP: net.ParseIP(floodFrom)}, addr)
	if err != nil {
		b.Error(err)
		return 0
	}
	defer conn.Close()
	const mark = "00000000"
	message := fmt.Appendf(nil, "INVITE sip:service@%s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bKf"+mark+"\r\nMax-Forwards: 70\r\nFrom: <sip:flood@e2e.invalid>;tag=f"+mark+
		"\r\nTo: <sip:service@e2e.invalid>\r\nCall-ID: f"+mark+"@flood\r\nCSeq: 1 INVITE\r\nContact: <sip:flood@%[2]s>\r\nContent-Length: 0\r\n\r\n", to, conn.LocalAddr())
	var places []int
	for at := 0; ; {
		i := bytes.Index(message[at:], []byte(mark))
		if i < 0 {
			break
		}
		places = append(places, at+i)
		at += i + len(mark)
	}
	start, sent := time.Now(), 0
	for ; ctx.Err() == nil; time.Sleep(time.Millisecond) {
		for due := int(time.Since(start).Seconds() * float64(rate)); sent < due; sent++ {
			number := fmt.Appendf(make([]byte, 0, 16), "%08x", sent)
			for _, at := range places {
				copy(message[at:], number)
			}
			_, _ = conn.Write(message) // refused now and then, when the subject's answers find nobody
		}
	}
	return float64(sent) / time.Since(start).Seconds()
}
