package rmi

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// classes are the Java programs of the scenarios, compiled when first wanted: with
// SIPNode as recent nodes have it and as old ones do.
var classes struct {
	sync.Mutex
	dir  string
	done map[string]error
}

func compiled(t *testing.T, layout string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("no real programs with -short")
	}
	for _, f := range []string{"java", "javac"} {
		if _, err := exec.LookPath(f); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatalf("%s is missing; .ci/setup installs it", f)
			}
			t.Skipf("%s is missing; .ci/setup installs it", f)
		}
	}
	classes.Lock()
	defer classes.Unlock()
	if classes.dir == "" {
		dir, err := os.MkdirTemp("", "rmi-classes")
		if err != nil {
			t.Fatal(err)
		}
		classes.dir, classes.done = dir, map[string]error{}
	}
	out := filepath.Join(classes.dir, layout)
	err, done := classes.done[layout]
	if !done {
		err = compile(layout, out)
		classes.done[layout] = err
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func compile(layout, out string) error {
	args := []string{"-d", out}
	for _, part := range []string{"stub", layout, "client"} {
		err := filepath.WalkDir(filepath.Join("../../../e2e/testdata/java", part), func(path string, _ os.DirEntry, err error) error {
			if strings.HasSuffix(path, ".java") {
				args = append(args, path)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	if said, err := exec.Command("javac", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("javac: %w\n%s", err, said)
	}
	return nil
}

// jvm is a node of its own: a real java.rmi client that does what it is told.
type jvm struct {
	t   *testing.T
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
}

func runJVM(t *testing.T, layout, registry string, flags ...string) *jvm {
	t.Helper()
	args := append([]string{"-Xmx64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", compiled(t, layout)}, flags...)
	j := &jvm{t: t, cmd: exec.Command("java", append(args, "NodeClient", registry)...)}
	var err error
	if j.in, err = j.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := j.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	j.cmd.Stderr = os.Stderr
	j.out = bufio.NewScanner(out)
	j.out.Buffer(nil, 1<<20)
	if err := j.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(j.kill)
	return j
}

// kill is a power cut.
func (j *jvm) kill() {
	if j.cmd.ProcessState == nil {
		_ = j.cmd.Process.Kill()
		_ = j.cmd.Wait()
	}
}

// ask has it do something and returns its answer.
func (j *jvm) ask(words string) string {
	j.t.Helper()
	guard := time.AfterFunc(30*time.Second, func() { _ = j.cmd.Process.Kill() })
	defer guard.Stop()
	if _, err := fmt.Fprintln(j.in, words); err != nil {
		j.t.Fatalf("%s: %v", words, err)
	}
	if !j.out.Scan() {
		j.t.Fatalf("%s: the JVM is gone: %v", words, j.out.Err())
	}
	return j.out.Text()
}

// ok has it do something that works, and returns what it says about that.
func (j *jvm) ok(words string) string {
	j.t.Helper()
	said := j.ask(words)
	if said != "ok" && !strings.HasPrefix(said, "ok ") {
		j.t.Fatalf("%s: %s", words, said)
	}
	return strings.TrimPrefix(strings.TrimPrefix(said, "ok"), " ")
}

// fails has it do something that must fail in this way.
func (j *jvm) fails(words string, parts ...string) {
	j.t.Helper()
	said := j.ask(words)
	for _, p := range append(parts, "failed ") {
		if !strings.Contains(said, p) {
			j.t.Errorf("%s: %s; want %q", words, said, p)
		}
	}
}
