package demo

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"twinhop/gateway/cluster"
)

// beater is a JVM that registers a node by RMI and heart-beats for it, as the nodes of the
// Mobicents and Restcomm line do.
type beater struct {
	t   *testing.T
	cmd *exec.Cmd
	in  io.Writer
	out *bufio.Scanner
}

// javaClasses compiles the node side of the protocol.
func javaClasses(t *testing.T) string {
	t.Helper()
	for _, f := range []string{"java", "javac"} {
		if _, err := exec.LookPath(f); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatalf("%s is missing: run .ci/setup", f)
			}
			t.Skipf("skipped, %s is missing: .ci/setup installs it", f)
		}
	}
	args := []string{"-d", t.TempDir()}
	for _, part := range []string{"stub", "recent", "client"} {
		err := filepath.WalkDir(filepath.Join("../../../e2e/testdata/java", part), func(path string, _ os.DirEntry, err error) error {
			if strings.HasSuffix(path, ".java") {
				args = append(args, path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if said, err := exec.Command("javac", args...).CombinedOutput(); err != nil {
		t.Fatalf("javac: %v\n%s", err, said)
	}
	return args[1]
}

// beat starts a life of a node's JVM, and its heartbeats.
func beat(t *testing.T, classes, registry string, n *node) *beater {
	t.Helper()
	b := &beater{t: t, cmd: exec.Command("java", "-Xmx64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", classes, "NodeClient", registry)}
	b.cmd.Stderr = os.Stderr
	in, err := b.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := b.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	b.in, b.out = in, bufio.NewScanner(out)
	if err := b.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.kill)
	b.ok(fmt.Sprintf("node hostName=%s ip=127.0.0.1 httpPort=%s udpPort=%s jvmRoute=%s version=0 sessionId=%d",
		n.name, port(n.http), port(n.sip), n.name, b.cmd.Process.Pid))
	b.ok("every 200")
	return b
}

// ok has it do something that works.
func (b *beater) ok(words string) {
	b.t.Helper()
	if _, err := fmt.Fprintln(b.in, words); err != nil {
		b.t.Fatalf("%s: %v", words, err)
	}
	if !b.out.Scan() || !strings.HasPrefix(b.out.Text(), "ok") {
		b.t.Fatalf("%s: %q %v", words, b.out.Text(), b.out.Err())
	}
}

// kill ends it as a power cut does.
func (b *beater) kill() {
	if b.cmd.ProcessState == nil {
		_ = b.cmd.Process.Kill()
		_ = b.cmd.Wait()
	}
}

// A page and the two calls of a click live on one node, although no node is configured: JVMs tell
// of them by RMI. They stay there while the node wants nothing new, and go on together at the
// other one when node and JVM are killed, and stay when they are back.
func TestClickToCallThroughNodesThatRegister(t *testing.T) {
	classes := javaClasses(t)
	s := testStage(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c := settings(nil)
	byUser(&c)
	c.Heartbeat.RMI.Listen, c.Heartbeat.RMI.ObjectPort = nextFree("tcp4", 22000), 0
	c.Heartbeat.Timeout = time.Second
	beaters := map[string]*beater{}
	for _, n := range s.nodes {
		beaters[n.name] = beat(t, classes, c.Heartbeat.RMI.Listen, n)
	}
	g, err := openGate(ctx, c, nil, nil) // which is ready when it has nodes
	if err != nil {
		t.Fatal(err)
	}
	s.gate = g
	for _, n := range s.nodes {
		n.leaveThrough(g.internal)
	}
	for _, n := range s.nodes {
		if err := g.noticed(ctx, n.name, cluster.Up); err != nil {
			t.Fatal(err)
		}
	}
	b := newBrowser(g.http)
	defer b.close()
	home, _, err := b.on(ctx)
	if err != nil {
		t.Fatal(err)
	}
	seen, err := talk(ctx, s, b)
	if err := errors.Join(err, want("node of the page", seen.Node, home)); err != nil {
		t.Fatal(err)
	}
	other := s.other(home).name

	beaters[home].ok("set GRACEFUL_SHUTDOWN=true")
	beaters[home].ok("ping")
	for range 4 {
		fresh := newBrowser(g.http)
		at, _, err := fresh.on(ctx)
		fresh.close()
		if err := errors.Join(err, want("node of a new visitor", at, other)); err != nil {
			t.Error(err)
		}
	}
	together(ctx, t, s, b, seen, home)
	beforeKill := g.Registry.View().Named(home)

	s.node(home).kill()
	beaters[home].kill()
	together(ctx, t, s, b, seen, other)
	if err := g.until(ctx, func() bool { return g.Registry.View().Named(home) == nil }); err != nil {
		t.Errorf("%s is still listed: %v", home, err)
	}
	together(ctx, t, s, b, seen, other)

	if err := s.node(home).start(); err != nil {
		t.Fatal(err)
	}
	beat(t, classes, c.Heartbeat.RMI.Listen, s.node(home))
	if err := g.noticed(ctx, home, cluster.Up); err != nil {
		t.Fatal(err)
	}
	if now := g.Registry.View().Named(home); now.Gen == beforeKill.Gen {
		t.Error("another process at the place is the same incarnation")
	}
	together(ctx, t, s, b, seen, other)
	if after, err := b.get(ctx, "/call?bye=all"); err != nil || after.Verdict != verdictNone || after.Node != other {
		t.Errorf("after hanging up: %+v, %v", after, err)
	}
}

// together checks that the page and both of its calls are served by a node.
func together(ctx context.Context, t *testing.T, s *stage, b *browser, calls status, node string) {
	t.Helper()
	at, _, err := b.on(ctx)
	if err := errors.Join(err, want("node of the page", at, node)); err != nil {
		t.Error(err)
	}
	for i, user := range []string{agent, visitor} { // newest first
		by, err := s.phones[user].within(ctx, calls.Calls[i].CallID, sip.INFO)
		if err := errors.Join(err, want("node of the call with "+user, by, node)); err != nil {
			t.Error(err)
		}
	}
	seen, err := b.get(ctx, "/status")
	if err := errors.Join(err, want("verdict", seen.Verdict, verdictSame)); err != nil {
		t.Error(err)
	}
}
