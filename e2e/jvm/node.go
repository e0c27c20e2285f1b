package jvm

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// patience is how long a JVM may take for one thing.
const patience = 30 * time.Second

// Node is the heartbeat part of a node. Its SIP and HTTP are elsewhere.
type Node struct {
	t   testing.TB
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
}

// Start starts a node that speaks with the registry at this address, with
// further flags for its JVM. It is killed when the test ends.
func Start(t testing.TB, layout, registry string, flags ...string) *Node {
	t.Helper()
	args := append([]string{"-Xmx64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", Classes(t, layout)}, flags...)
	n := &Node{t: t, cmd: exec.Command("java", append(args, "NodeClient", registry)...)}
	var err error
	if n.in, err = n.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := n.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	n.cmd.Stderr = os.Stderr
	n.out = bufio.NewScanner(out)
	n.out.Buffer(nil, 1<<20)
	if err := n.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Kill)
	return n
}

// PID is the number of its process.
func (n *Node) PID() int { return n.cmd.Process.Pid }

// Kill is a power cut.
func (n *Node) Kill() {
	if n.cmd.ProcessState == nil {
		_ = n.cmd.Process.Kill()
		_ = n.cmd.Wait()
	}
}

// Ask has it do something and returns its answer, "ok ..." or "failed ...".
func (n *Node) Ask(words string) string {
	n.t.Helper()
	guard := time.AfterFunc(patience, func() { _ = n.cmd.Process.Kill() })
	defer guard.Stop()
	if _, err := fmt.Fprintln(n.in, words); err != nil {
		n.t.Fatalf("%s: %v", words, err)
	}
	if !n.out.Scan() {
		n.t.Fatalf("%s: the JVM is gone: %v", words, n.out.Err())
	}
	return n.out.Text()
}

// Does has it do something that has to work, and returns what it says about that.
func (n *Node) Does(words string) string {
	n.t.Helper()
	said := n.Ask(words)
	if said != "ok" && !strings.HasPrefix(said, "ok ") {
		n.t.Fatalf("%s: %s", words, said)
	}
	return strings.TrimSpace(strings.TrimPrefix(said, "ok"))
}

// Fails has it do something that must fail in this way.
func (n *Node) Fails(words string, parts ...string) {
	n.t.Helper()
	said := n.Ask(words)
	for _, p := range append(parts, "failed ") {
		if !strings.Contains(said, p) {
			n.t.Errorf("%s: %s; want %q", words, said, p)
		}
	}
}
