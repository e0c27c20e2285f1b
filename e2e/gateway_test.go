package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// stage is what a scenario needs: which nodes stand behind the gateway and how it is
// configured. There are always two nodes, node1 and node2.
type stage struct {
	Tomcats   bool           // the nodes speak HTTP: the two real Tomcats
	AJP       [2]string      // of the Tomcats: node i speaks AJP13 where this is set, with these words (ajp: {…})
	Taps      *[2]*tap       // AJP13 connections go through these, which count them
	HTTPS     []string       // tls words of further HTTP listeners, as an operator would write them: "{cert: site.pem, key: site.key}"
	Files     func(w *world) // puts files into w.dir, where the configuration is
	Web       [2]string      // the nodes speak HTTP: servers of the scenario's own, at these URLs
	Agents    bool           // the nodes speak SIP: two agents of ours, which write down what they get
	Sipp      bool           // the nodes speak SIP: two SIPp processes
	Sip       [2]string      // the nodes speak SIP: the scenario's own, at these URLs
	Advertise string         // listen.sip.advertise, as an operator would write it
	Single    bool           // one SIP port instead of an external and an internal one
	Load      bool           // the plain build, as shipped; otherwise the one with the race detector
	Also      []string       // transports of the SIP ports beside UDP
	Edge      []string       // transports of the external side that have a port of their own: tls, ws, wss
	Words     string         // further lines of listen.sip, as an operator would write them
	Announced bool           // the nodes are not configured, they tell of themselves
	Begin     func(w *world) // starts the scenario's nodes, if they have to know where the gateway is
	Config    string         // the sections the scenario is about, as an operator would write them
}

// world is the running stage.
type world struct {
	t        testing.TB
	dir      string
	http     string // base URL of the web door
	https    []string
	external string            // SIP, where phones call
	internal string            // SIP, where nodes send
	edge     map[string]string // SIP, where phones call by each transport of the stage's Edge
	inside   string            // SIP, where nodes send over TLS, if they speak that
	people   *authority        // who signs the certificates of nodes that speak TLS
	admin    string
	proc     *process
	tomcats  *cluster
	agents   [2]*agent
	sipp     [2]*sippRun
	socket   *http.Client
}

// set puts a stage up and takes it down again when the test ends; then the gateway has to
// stop by itself, cleanly, and without a word about data races.
func set(t *testing.T, s stage) *world {
	t.Helper()
	w := &world{t: t, dir: scratch(t)}
	binary := built(t, !s.Load)
	http, sip := s.Web, s.Sip
	if s.Tomcats {
		w.tomcats = tomcats(t)
		for i, n := range w.tomcats.nodes {
			if http[i] = n.url(); s.AJP[i] != "" {
				addr := fmt.Sprintf("127.0.0.1:%d", n.AJP)
				if s.Taps != nil {
					s.Taps[i] = newTap(t, addr)
					addr = s.Taps[i].addr
				}
				http[i] = "ajp://" + addr
			}
		}
	}
	for i := range 2 {
		name := fmt.Sprintf("node%d", i+1)
		switch {
		case s.Agents:
			w.agents[i] = newAgent(t, name)
			sip[i] = "udp://" + w.agents[i].addr
		case s.Sipp:
			port := freePort(t)
			w.sipp[i] = sippNode(t, w.dir, name, port)
			sip[i] = fmt.Sprintf("udp://127.0.0.1:%d", port)
		}
	}
	if err := os.Mkdir(filepath.Join(w.dir, "state"), 0o700); err != nil {
		t.Fatal(err)
	}
	if s.Files != nil {
		s.Files(w)
	}
	config := filepath.Join(w.dir, "twinhop.yaml")
	if err := os.WriteFile(config, []byte(w.config(s, http, sip)), 0o600); err != nil {
		t.Fatal(err)
	}
	var err error
	if w.proc, err = launch(w.dir, "twinhop", binary, "run", "-c", config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.strike)
	if s.Begin != nil {
		s.Begin(w)
	}
	w.socket = overSocket(filepath.Join(w.dir, "state", "admin.sock"))
	eventually(t, 20*time.Second, "the gateway is ready", func() error {
		if !w.proc.running() {
			text, _ := os.ReadFile(w.proc.log)
			t.Fatalf("the gateway ended at once: %v\n%s", w.proc.err, text)
		}
		err := w.ready()
		if err != nil && s.Announced && strings.Contains(err.Error(), "no node can serve anything") {
			return nil // until the first one comes
		}
		return err
	})
	return w
}

func (w *world) config(s stage, http, sip [2]string) string {
	t := w.t
	var b strings.Builder
	at := func() string { return fmt.Sprintf("127.0.0.1:%d", freePort(t)) }
	w.admin = "http://" + at()
	fmt.Fprintf(&b, "version: 1\nlisten:\n")
	if http[0] != "" {
		addr := at()
		w.http = "http://" + addr
		fmt.Fprintf(&b, "  http:\n    - {addr: %q}\n", addr)
		for _, words := range s.HTTPS {
			addr := at()
			w.https = append(w.https, "https://"+addr)
			fmt.Fprintf(&b, "    - {addr: %q, tls: %s}\n", addr, words)
		}
	}
	if sip[0] != "" {
		urls := func(addr string) string {
			var all []string
			for _, transport := range append([]string{"udp"}, s.Also...) {
				all = append(all, strconv.Quote(transport+"://"+addr))
			}
			return "[" + strings.Join(all, ", ") + "]"
		}
		w.external = at()
		external := urls(w.external)
		w.edge = map[string]string{}
		for _, transport := range s.Edge {
			w.edge[transport] = at()
			external = strings.TrimSuffix(external, "]") + fmt.Sprintf(", \"%s://%s\"]", transport, w.edge[transport])
		}
		fmt.Fprintf(&b, "  sip:\n    external: %s\n%s", external, s.Words)
		if !s.Single {
			w.internal = at()
			internal := urls(w.internal)
			if strings.HasPrefix(sip[0], "tls://") {
				w.inside = at()
				internal = strings.TrimSuffix(internal, "]") + fmt.Sprintf(", \"tls://%s\"]", w.inside)
			}
			fmt.Fprintf(&b, "    internal: %s\n", internal)
		}
		if s.Advertise != "" {
			fmt.Fprintf(&b, "    advertise: %s\n", s.Advertise)
		}
	}
	b.WriteString("nodes:\n")
	for i := range 2 {
		if s.Announced {
			break
		}
		fmt.Fprintf(&b, "  - {name: node%d, route: node%[1]d", i+1)
		if http[i] != "" {
			fmt.Fprintf(&b, ", http: %q", http[i])
			if s.AJP[i] != "" {
				fmt.Fprintf(&b, ", ajp: %s", s.AJP[i])
			}
		}
		if sip[i] != "" {
			fmt.Fprintf(&b, ", sip: [%q]", sip[i])
		}
		b.WriteString("}\n")
	}
	fmt.Fprintf(&b, "admin: {listen: %q}\n", strings.TrimPrefix(w.admin, "http://"))
	fmt.Fprintf(&b, "state: {dir: %q}\nsecrets: {file: %q}\n", filepath.Join(w.dir, "state"), filepath.Join(w.dir, "secrets"))
	for section, usual := range map[string]string{
		"health":   "{http: {path: /app/plain.jsp, interval: 500ms}, sip: {interval: 1s}}",
		"shutdown": "{announce: 0s, grace: 1s}",
	} {
		if !strings.Contains("\n"+s.Config, "\n"+section+":") {
			fmt.Fprintf(&b, "%s: %s\n", section, usual)
		}
	}
	return b.String() + s.Config
}

func (w *world) strike() {
	if w.proc.running() {
		_ = w.proc.cmd.Process.Signal(syscall.SIGTERM)
	}
	err := w.proc.wait(15 * time.Second)
	if err != nil {
		w.t.Errorf("the gateway did not stop cleanly: %v", err)
	}
	text, _ := os.ReadFile(w.proc.log)
	for _, word := range []string{"DATA RACE", "panic:", "fatal error:"} {
		if i := bytes.Index(text, []byte(word)); i >= 0 {
			w.t.Errorf("the gateway's log has %q:\n%s", word, text[max(0, i-200):min(len(text), i+3000)])
		}
	}
}

func (w *world) ready() error {
	resp, err := directly.Get(w.admin + "/readyz")
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 4096))
		return fmt.Errorf("readyz: %d %s", resp.StatusCode, text)
	}
	return nil
}

func overSocket(path string) *http.Client {
	return &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", path)
		}}}
}

// node and session are what scenarios read of the API's answers.
type node struct {
	Name       string            `json:"name"`
	Activation string            `json:"activation"`
	Health     map[string]string `json:"health"`
	Sessions   int               `json:"sessions"`
	Calls      int               `json:"calls"`
}

type session struct {
	ID    string `json:"id"`
	Node  string `json:"node"`
	Split bool   `json:"split"`
	Moved bool   `json:"moved"`
	Keys  []struct {
		Space string `json:"space"`
		Value string `json:"value"`
		Node  string `json:"node"`
	} `json:"keys"`
}

func (s session) has(space, value string) bool {
	for _, k := range s.Keys {
		if k.Space == space && (value == "" || k.Value == value) {
			return true
		}
	}
	return false
}

func (w *world) ask(method, path string, body, answer any) error {
	var in io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		in = bytes.NewReader(text)
	}
	req, err := http.NewRequest(method, "http://twinhop"+path, in)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := w.socket.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %d %s", method, path, resp.StatusCode, text)
	}
	if err := json.Unmarshal(text, answer); err != nil {
		return fmt.Errorf("%s %s: %w in %s", method, path, err, text)
	}
	return nil
}

// find returns the sessions that one key names: "app:alice", "call:…".
func (w *world) find(key string) []session {
	w.t.Helper()
	var list struct{ Items []session }
	if err := w.ask("GET", "/api/v1/sessions?key="+url.QueryEscape(key), nil, &list); err != nil {
		w.t.Fatal(err)
	}
	return list.Items
}

// the returns the one session that a key names.
func (w *world) the(key string) session {
	w.t.Helper()
	all := w.find(key)
	if len(all) != 1 {
		w.t.Fatalf("%s names %d sessions, want 1: %+v", key, len(all), all)
	}
	return all[0]
}

// health waits until the gateway sees a node's service so.
func (w *world) health(name, service, want string) {
	w.t.Helper()
	eventually(w.t, 20*time.Second, name+"'s "+service+" is seen "+want, func() error {
		var n node
		if err := w.ask("GET", "/api/v1/nodes/"+name, nil, &n); err != nil {
			return err
		}
		if n.Health[service] != want {
			return fmt.Errorf("it is seen %s", n.Health[service])
		}
		return nil
	})
}

// binaries are built once for a run of the tests.
var binaries struct {
	sync.Mutex
	dir  string
	path map[bool]string
}

func built(t testing.TB, race bool) string {
	t.Helper()
	binaries.Lock()
	defer binaries.Unlock()
	if path := binaries.path[race]; path != "" {
		return path
	}
	if binaries.dir == "" {
		if err := depend(".."); err != nil {
			t.Fatal(err)
		}
		dir, err := os.MkdirTemp("", "e2e-bin")
		if err != nil {
			t.Fatal(err)
		}
		binaries.dir, binaries.path = dir, map[bool]string{}
	}
	out := filepath.Join(binaries.dir, "twinhop")
	args := []string{"build", "-o", out}
	if race {
		need(t, "gcc")
		out += "-race"
		args = []string{"build", "-race", "-o", out}
	}
	cmd := exec.Command("go", append(args, "../cmd/twinhop")...)
	if race {
		cmd.Env = append(os.Environ(), "CGO_ENABLED=1")
	}
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, text)
	}
	binaries.path[race] = out
	return out
}

// depend looks at every file that goes into the binary. The compiler runs in a process of its
// own, unseen by go test; without this a result from before a change would be served from the
// test cache.
func depend(module string) error {
	return filepath.WalkDir(module, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if path != module && (name[0] == '.' || name == "e2e" || name == "bin" || name == "docs" || name == "testdata") {
				return filepath.SkipDir
			}
			return nil
		}
		if strings.HasSuffix(name, "_test.go") {
			return nil
		}
		_, err = os.Stat(path)
		return err
	})
}

func removeBinaries() {
	if binaries.dir != "" {
		os.RemoveAll(binaries.dir)
	}
}
