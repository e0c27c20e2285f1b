package e2e

import (
	"bufio"
	"crypto/tls"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// Real httpd with mod_jk and the gateway are started from the same files, before the same
// containers, and get the same bytes. Whatever then is not the same has a name in deviations.

// A trial is one case: an lb of its own with members n1, n2, ... that are the containers of
// that name, and what is sent to it. In all texts @ stands for a word that no other trial has.
type trialOf struct {
	name    string
	members string // "n1 n2 n3" unless told
	words   string // "method=B n1.lbfactor=2": attributes of the lb and of its members
	list    string // further names for worker.list
	urimap  string // "/@|/*=lb@" unless told
	httpd   string // lines of httpd.conf
	play    func(p *play)
	differs string // names of deviations that show here, each of which has to
}

// A suite is a number of trials under one httpd and one gateway.
type suite struct {
	global string // lines of workers.properties beside those of the trials
	urimap string // lines of uriworkermap.properties beside those of the trials
	httpd  string // lines of httpd.conf beside those of the trials
	trials []trialOf

	byHTTPD bool // the gateway finds everything by httpd.conf
	tls     bool // both speak TLS
}

// A rig is a running suite.
type rig struct {
	t      *testing.T
	dir    string
	nodes  []map[string]*container // of each trial, by name
	fronts [2]front                // mod_jk, the gateway
	client *tls.Config             // nil: no TLS
	person tls.Certificate         // of a client

	written atomic.Int64 // how often the map was
}

type front struct {
	name string
	port int
}

// suites are named, and run two at a time on two processors.
var suites = map[string]func() suite{
	"Routing":  differentialRouting,
	"States":   differentialStates,
	"Election": differentialElection,
	"Failures": differentialFailures,
	"Mapping":  differentialMapping,
	"Messages": differentialMessages,
	"Sessions": differentialSessions,
	"HTTPD":    differentialHTTPD,
	"Reload":   differentialReload,
	"TLS":      differentialTLS,
	"Recovery": differentialRecovery,
}

func TestDifferential(t *testing.T) {
	need(t, "/usr/sbin/apache2", modules+"/mod_jk.so")
	built(t, true) // while it is made nobody should wait
	t.Run("with", func(t *testing.T) {
		for name, s := range suites {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				s().run(t)
			})
		}
	})
	if t.Failed() || strings.Contains(flag.Lookup("test.run").Value.String(), "/") {
		return // not all was seen
	}
	for _, d := range deviations {
		if _, ok := shown.Load(d.name); !ok {
			t.Errorf("the difference %q does not show any more", d.name)
		}
	}
}

const modules = "/usr/lib/apache2/modules"

// names are those of a trial's members and containers.
func (c trialOf) names() []string {
	if c.members == "" {
		return []string{"n1", "n2", "n3"}
	}
	return strings.Fields(c.members)
}

func (s suite) run(t *testing.T) {
	r := &rig{t: t, dir: scratch(t)}
	for _, c := range s.trials {
		nodes, book := map[string]*container{}, &ledger{}
		for _, name := range c.names() {
			nodes[name] = newContainer(name, freePort(t), book)
		}
		r.nodes = append(r.nodes, nodes)
	}
	r.write("workers.properties", s.workers(r))
	r.write("uriworkermap.properties", s.rules())
	r.fronts = [2]front{{"mod_jk", freePort(t)}, {"twinhop", freePort(t)}}
	r.startHTTPD(s)
	r.startGateway(s)
	for i, c := range s.trials {
		t.Run(c.name, func(t *testing.T) { r.compare(t, c, i) })
	}
}

func word(i int) string { return fmt.Sprintf("c%d", i) }

func (r *rig) write(name, text string) {
	if err := os.WriteFile(filepath.Join(r.dir, name), []byte(text), 0o644); err != nil {
		r.t.Fatal(err)
	}
}

// workers is the workers.properties of all trials.
func (s suite) workers(r *rig) string {
	var b strings.Builder
	if !strings.Contains(s.global, "worker.maintain") {
		b.WriteString("worker.maintain=300\n")
	}
	b.WriteString(s.global)
	for i, c := range s.trials {
		names := c.names()
		fmt.Fprintf(&b, "worker.list=lb@ %s\nworker.lb@.type=lb\nworker.lb@.balance_workers=%s@\n", c.list, strings.Join(names, "@,"))
		for _, n := range names {
			fmt.Fprintf(&b, "worker.%s@.type=ajp13\nworker.%[1]s@.host=127.0.0.1\nworker.%[1]s@.port=%d\n", n, r.nodes[i][n].port)
			if !strings.Contains(c.words, n+".route=") {
				fmt.Fprintf(&b, "worker.%s@.route=%[1]s\n", n)
			}
		}
		for w := range strings.FieldsSeq(c.words) {
			worker, rest, ok := strings.Cut(w, ".")
			if !ok || !slices.Contains(names, worker) {
				worker, rest = "lb", w
			}
			fmt.Fprintf(&b, "worker.%s@.%s\n", worker, rest)
		}
		text := strings.ReplaceAll(b.String(), "@", word(i))
		b.Reset()
		b.WriteString(text)
	}
	return b.String()
}

func (s suite) rules() string {
	text := s.urimap
	for i, c := range s.trials {
		if c.urimap == "" {
			c.urimap = "/@|/*=lb@"
		}
		text += strings.ReplaceAll(c.urimap, "@", word(i)) + "\n"
	}
	return text
}

// startHTTPD starts one process with many threads, so that load values are those of one.
func (r *rig) startHTTPD(s suite) {
	var b strings.Builder
	fmt.Fprintf(&b, "ServerRoot %q\nServerName localhost\nListen 127.0.0.1:%d\nPidFile httpd.pid\nDefaultRuntimeDir %[1]q\nErrorLog error.log\nLogLevel warn\n", r.dir, r.fronts[0].port)
	for _, m := range []string{"mpm_event", "authz_core", "unixd"} {
		if _, err := os.Stat(modules + "/mod_" + m + ".so"); err == nil {
			fmt.Fprintf(&b, "LoadModule %s_module %s/mod_%[1]s.so\n", m, modules)
		}
	}
	fmt.Fprintf(&b, "LoadModule jk_module %s/mod_jk.so\n", modules)
	if os.Getuid() == 0 {
		b.WriteString("User nobody\nGroup nogroup\n")
	}
	b.WriteString("ServerLimit 1\nStartServers 1\nThreadsPerChild 32\nMaxRequestWorkers 32\nMinSpareThreads 1\nMaxSpareThreads 64\nTimeout 20\n")
	if s.tls {
		b.WriteString(r.secure())
	}
	b.WriteString("JkWorkersFile workers.properties\nJkMountFile uriworkermap.properties\nJkShmFile jk.shm\nJkLogFile mod_jk.log\nJkLogLevel info\n")
	if !strings.Contains(s.httpd, "JkMountFileReload") {
		b.WriteString("JkMountFileReload 0\n")
	}
	b.WriteString(s.httpd)
	for i, c := range s.trials {
		b.WriteString(strings.ReplaceAll(c.httpd, "@", word(i)) + "\n")
	}
	r.write("httpd.conf", b.String())
	if err := os.Chmod(r.dir, 0o755); err != nil {
		r.t.Fatal(err)
	}
	p, err := launch(r.dir, "httpd", "/usr/sbin/apache2", "-f", filepath.Join(r.dir, "httpd.conf"), "-DFOREGROUND")
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() {
		_ = p.cmd.Process.Signal(syscall.SIGTERM)
		if err := p.wait(10 * time.Second); err != nil {
			r.t.Logf("httpd: %v", err)
		}
	})
	r.opens(r.fronts[0], p)
}

func (r *rig) opens(f front, p *process) {
	r.t.Helper()
	eventually(r.t, 20*time.Second, f.name+" listens", func() error {
		if !p.running() {
			text, _ := os.ReadFile(p.log)
			errors, _ := os.ReadFile(filepath.Join(r.dir, "error.log"))
			r.t.Fatalf("%s ended at once: %v\n%s\n%s", f.name, p.err, text, errors)
		}
		c, err := net.Dial("tcp", f.addr())
		if err == nil {
			c.Close()
		}
		return err
	})
}

func (f front) addr() string { return fmt.Sprintf("127.0.0.1:%d", f.port) }

// startGateway has it read the files as they are. Members are judged by their traffic alone, as
// mod_jk does, not by probes.
func (r *rig) startGateway(s suite) {
	admin := freePort(r.t)
	if err := os.Mkdir(filepath.Join(r.dir, "state"), 0o700); err != nil {
		r.t.Fatal(err)
	}
	w := &world{t: r.t, dir: r.dir, admin: fmt.Sprintf("http://127.0.0.1:%d", admin)}
	files := []string{"--workers", "workers.properties", "--urimap", "uriworkermap.properties"}
	if s.byHTTPD {
		files = []string{"--httpd", "httpd.conf"}
	}
	listen := fmt.Sprintf("listen: {http: [{addr: %q}]}\n", r.fronts[1].addr())
	if s.tls {
		listen = fmt.Sprintf("listen: {http: [{addr: %q, tls: {cert: site.pem, key: site.key, clientCA: root.pem, clientAuth: optional}}]}\n", r.fronts[1].addr())
	}
	r.write("twinhop.yaml", listen+fmt.Sprintf("state: {dir: state}\nadmin: {listen: \"127.0.0.1:%d\"}\nshutdown: {announce: 0s, grace: 1s}\nhealth: {ajp: {interval: 0}}\n", admin))
	var err error
	if w.proc, err = launch(r.dir, "twinhop", append([]string{built(r.t, true), "run", "-c", "twinhop.yaml"}, files...)...); err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(w.strike)
	r.opens(r.fronts[1], w.proc)
	eventually(r.t, 20*time.Second, "the gateway is ready", func() error { return w.ready() })
}

// A play is one trial before one front.
type play struct {
	t     testing.TB
	nodes map[string]*container
	book  *ledger
	front front
	word  string
	seen  []*sight

	tls     *tls.Config
	person  tls.Certificate
	dir     string // with the files
	written *atomic.Int64

	first   func() // called with the first part of an answer's body
	holding bool   // requests are at work, so deliveries are not asked for
}

// A sight is what came of one request: what the client got, and what was delivered until then.
type sight struct {
	asked     string
	from      string // the client's port
	interim   []int
	resp      *http.Response
	body      string
	err       error // no answer
	cut       error // the answer did not end as it should
	delivered []*delivery
	open      bool // a delivery was left open by the front
	left      bool // the client went away
	real      bool // a real container answers, which does not say its name
}

// node is the name of the container that answered, "" if none did.
func (s *sight) node() string {
	if s.resp == nil {
		return ""
	}
	return s.resp.Header.Get("X-Node")
}

func (s *sight) status() int {
	if s.resp == nil {
		return 0
	}
	return s.resp.StatusCode
}

// ask makes a request with Host and the fields given. Another field stands behind them: if a line
// ends with its session id mod_jk 1.2.48 searches on in memory behind that line, and must find
// nothing there but what is known.
func ask(method, path string, fields ...string) string {
	return fmt.Sprintf("%s %s HTTP/1.1\r\nHost: site.test\r\n%sX-Last: yes\r\n\r\n", method, path, fieldLines(fields))
}

func fieldLines(fields []string) string {
	s := ""
	for _, f := range fields {
		s += f + "\r\n"
	}
	return s
}

// sends plays requests one after the other.
func sends(raw ...string) func(p *play) {
	return func(p *play) {
		for _, r := range raw {
			p.send(r)
		}
	}
}

// to is a GET for a path below the trial's own.
func to(path string, fields ...string) string { return ask("GET", "/@"+path, fields...) }

// with is a GET with a cookie.
func with(cookie string) string { return to("/x", "Cookie: "+cookie) }

// times is a request several times.
func times(n int, raw string) []string { return slices.Repeat([]string{raw}, n) }

// send sends bytes over a connection of their own and keeps what comes of them.
func (p *play) send(raw string) *sight {
	p.t.Helper()
	s := p.exchange(raw)
	p.note(s)
	return s
}

// note keeps a sight together with what was delivered since the last one.
func (p *play) note(s *sight) {
	if !p.holding {
		s.delivered, s.open = p.delivered()
	}
	p.seen = append(p.seen, s)
}

// delivered is what the containers got since it was last asked for, and whether a front has let go
// of a request without a word to the container.
func (p *play) delivered() (all []*delivery, open bool) {
	p.t.Helper()
	for patience := time.Second; ; patience = 10 * time.Second {
		all, open := p.book.take(patience)
		if !open {
			return all, patience > time.Second
		}
		if patience > time.Second {
			p.t.Fatal("a container does not end")
		}
		for _, c := range p.nodes {
			c.hangUp()
		}
	}
}

func (p *play) exchange(raw string) *sight {
	raw = p.own(raw)
	s := &sight{asked: raw}
	conn, err := net.Dial("tcp", p.front.addr())
	if err != nil {
		s.err = err
		return s
	}
	defer conn.Close()
	_, s.from, _ = net.SplitHostPort(conn.LocalAddr().String())
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	if p.tls != nil {
		conn = tls.Client(conn, p.tls)
	}
	go func() { _, _ = io.WriteString(conn, raw) }()
	s.read(bufio.NewReader(conn), p.first)
	return s
}

// own is a text with the trial's word.
func (p *play) own(text string) string { return strings.ReplaceAll(text, "@", p.word) }

func (s *sight) read(in *bufio.Reader, first func()) {
	method, _, _ := strings.Cut(s.asked, " ")
	for {
		resp, err := http.ReadResponse(in, &http.Request{Method: method})
		if err != nil {
			s.err = err
			return
		}
		if resp.StatusCode/100 == 1 && resp.StatusCode != http.StatusSwitchingProtocols {
			s.interim = append(s.interim, resp.StatusCode)
			continue
		}
		s.resp = resp
		part := make([]byte, 5)
		if n, err := io.ReadFull(resp.Body, part); err != nil || first == nil {
			part = part[:n]
		} else {
			first()
		}
		body, err := io.ReadAll(resp.Body)
		s.body, s.cut = string(part)+string(body), err
		return
	}
}

// script tells a container what to do with the next requests; the last word stays.
func (p *play) script(node string, a ...answer) {
	c := p.nodes[node]
	c.mu.Lock()
	defer c.mu.Unlock()
	c.script = a
}

func (p *play) down(nodes ...string) {
	for _, n := range nodes {
		p.nodes[n].down()
	}
}

func (p *play) up(nodes ...string) {
	for _, n := range nodes {
		p.nodes[n].up(p.t)
	}
}

// compare plays a trial before both fronts.
func (r *rig) compare(t *testing.T, c trialOf, number int) {
	var told [2][]fact
	var took [2]time.Duration
	for i, f := range r.fronts {
		for _, n := range r.nodes[number] {
			n.up(t)
			n.usual()
		}
		p := &play{t: t, nodes: r.nodes[number], book: r.nodes[number][c.names()[0]].book, front: f, word: word(number), person: r.person, dir: r.dir, written: &r.written}
		if r.client != nil {
			p.tls = r.client.Clone()
		}
		begun := time.Now()
		c.play(p)
		took[i] = time.Since(begun).Round(time.Millisecond)
		told[i] = p.facts()
	}
	for _, n := range r.nodes[number] {
		n.down()
	}
	judge(t, c, told)
	t.Logf("took %v and %v", took[0], took[1])
}
