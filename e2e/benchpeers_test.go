//go:build linux

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// subject is something that forwards calls to the same two nodes as the others.
type subject struct {
	*process
	label   string
	port    int
	callers [2]int // ports of the SIPp caller and of the stopwatch

	admin, socket string // where the gateway's admin listens; "" = it has none
}

func newSubject(b *testing.B, label string) *subject {
	return &subject{label: label, port: freePort(b), callers: [2]int{freePort(b), freePort(b)}}
}

func (s *subject) addr() string { return fmt.Sprintf("127.0.0.1:%d", s.port) }

// benchGateway starts the shipped build in single-port mode, with everything that is on by default but
// for what more says.
func benchGateway(b *testing.B, dir string, nodes [2]int, more string) *subject {
	s := newSubject(b, "twinhop")
	admin := freePort(b)
	dir = filepath.Join(dir, "twinhop")
	if err := os.MkdirAll(filepath.Join(dir, "state"), 0o700); err != nil {
		b.Fatal(err)
	}
	s.admin, s.socket = fmt.Sprintf("127.0.0.1:%d", admin), filepath.Join(dir, "state", "admin.sock")
	config := filepath.Join(dir, "twinhop.yaml")
	write(b, config, fmt.Sprintf(`version: 1
listen: {sip: {external: ["udp://127.0.0.1:%d"]}}
nodes:
  - {name: node1, sip: ["udp://127.0.0.1:%d"]}
  - {name: node2, sip: ["udp://127.0.0.1:%d"]}
health: {sip: {interval: 2s}}
admin: {listen: "127.0.0.1:%d"}
state: {dir: %q}
secrets: {file: %q}
%s
%s
`, s.port, nodes[0], nodes[1], admin, filepath.Join(dir, "state"), filepath.Join(dir, "secrets"), more, os.Getenv("BENCH_CONFIG")))
	binary := os.Getenv("BENCH_BINARY")
	if binary == "" {
		binary = built(b, false)
	}
	s.start(b, dir, binary, "run", "-c", config)
	return s
}

// kamailio is not in the path of ordinary users.
const kamailio = "/usr/sbin/kamailio"

// benchKamailio starts Debian's Kamailio with two workers.
func benchKamailio(b *testing.B, dir string, nodes [2]int, mode string) *subject {
	need(b, kamailio)
	s := newSubject(b, "kamailio")
	dir = filepath.Join(dir, "kamailio")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		b.Fatal(err)
	}
	list, common, main := filepath.Join(dir, "nodes.list"), filepath.Join(dir, "common.cfg"), filepath.Join(dir, "kamailio.cfg")
	write(b, list, fmt.Sprintf("1 sip:127.0.0.1:%d 0 0\n1 sip:127.0.0.1:%d 0 0\n", nodes[0], nodes[1]))
	fill := strings.NewReplacer("@PORT@", strconv.Itoa(s.port), "@MODULES@", kamailioModules(b), "@NODES@", list, "@COMMON@", common)
	for from, to := range map[string]string{"common": common, mode: main} {
		text, err := os.ReadFile(filepath.Join("testdata", "kamailio", from+".cfg"))
		if err != nil {
			b.Fatal(err)
		}
		write(b, to, fill.Replace(string(text)))
	}
	s.start(b, dir, kamailio, "-f", main, "-DD", "-E", "-m", "1024", "-M", "16", "-Y", dir, "-w", dir)
	return s
}

// kamailioModules finds the folder, whose name depends on the architecture.
func kamailioModules(b *testing.B) string {
	b.Helper()
	for _, pattern := range []string{"/usr/lib/*/kamailio/modules", "/usr/lib/kamailio/modules", "/usr/lib64/kamailio/modules"} {
		if found, _ := filepath.Glob(pattern); len(found) > 0 {
			return found[0]
		}
	}
	b.Fatal("the modules of kamailio are not where they should be")
	return ""
}

// benchRelay compiles and starts the relay that looks at nothing. It knows one node.
func benchRelay(b *testing.B, dir string, nodes [2]int) *subject {
	need(b, "gcc")
	s := newSubject(b, "C relay")
	source, err := filepath.Abs(filepath.Join("testdata", "relay", "relay.c"))
	if err != nil {
		b.Fatal(err)
	}
	program := filepath.Join(dir, "relay")
	if text, err := exec.Command("gcc", "-O2", "-o", program, source).CombinedOutput(); err != nil {
		b.Fatalf("gcc: %v\n%s", err, text)
	}
	s.start(b, dir, program, strconv.Itoa(s.port), strconv.Itoa(nodes[0]))
	return s
}

// start launches a subject and waits until it forwards a call.
func (s *subject) start(b *testing.B, dir string, argv ...string) {
	b.Helper()
	var err error
	if s.process, err = launch(dir, "subject", argv...); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(s.kill)
	phone := newAgent(b, "phone")
	phone.patience = time.Second
	defer phone.close()
	eventually(b, 20*time.Second, s.label+" forwards calls", func() error {
		if !s.running() {
			text, _ := os.ReadFile(s.log)
			b.Fatalf("%s ended at once: %v\n%s", s.label, s.err, text)
		}
		c, err := phone.invite(s.addr(), "sip:warm@e2e.invalid", "sip:service@e2e.invalid", "")
		if err == nil {
			_, err = c.bye()
		}
		return err
	})
}
