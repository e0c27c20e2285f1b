package e2e

import (
	"bufio"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// javaClasses are the programs in testdata/java, compiled once for a run of the tests; each
// layout is what a SIPNode has with nodes of that age.
var javaClasses struct {
	sync.Mutex
	dir  string
	done map[string]error
}

func javac(t testing.TB, layout string) string {
	t.Helper()
	need(t, "java", "javac")
	javaClasses.Lock()
	defer javaClasses.Unlock()
	if javaClasses.dir == "" {
		dir, err := os.MkdirTemp("", "e2e-java")
		if err != nil {
			t.Fatal(err)
		}
		javaClasses.dir, javaClasses.done = dir, map[string]error{}
	}
	out := filepath.Join(javaClasses.dir, layout)
	err, done := javaClasses.done[layout]
	if !done {
		args := []string{"-d", out}
		for _, part := range []string{"stub", layout, "client"} {
			err = filepath.WalkDir(filepath.Join("testdata", "java", part), func(path string, _ fs.DirEntry, err error) error {
				if strings.HasSuffix(path, ".java") {
					args = append(args, path)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if said, failed := exec.Command("javac", args...).CombinedOutput(); failed != nil {
			err = fmt.Errorf("javac: %w\n%s", failed, said)
		}
		javaClasses.done[layout] = err
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func removeJavaClasses() {
	javaClasses.Lock()
	defer javaClasses.Unlock()
	if javaClasses.dir != "" {
		os.RemoveAll(javaClasses.dir)
	}
}

// javaNode is the heartbeat part of a node in a JVM of its own: a real java.rmi client that
// does what it is told. Its SIP and HTTP are elsewhere.
type javaNode struct {
	t   testing.TB
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
}

func newJavaNode(t testing.TB, layout, registry string) *javaNode {
	t.Helper()
	j := &javaNode{t: t, cmd: exec.Command("java", "-Xmx64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", javac(t, layout), "NodeClient", registry)}
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
	if err := j.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(j.kill)
	return j
}

// kill is a power cut.
func (j *javaNode) kill() {
	if j.cmd.ProcessState == nil {
		_ = j.cmd.Process.Kill()
		_ = j.cmd.Wait()
	}
}

// does has it do something that has to work, and returns what it says about that.
func (j *javaNode) does(format string, args ...any) string {
	j.t.Helper()
	words := fmt.Sprintf(format, args...)
	guard := time.AfterFunc(30*time.Second, func() { _ = j.cmd.Process.Kill() })
	defer guard.Stop()
	if _, err := fmt.Fprintln(j.in, words); err != nil {
		j.t.Fatalf("%s: %v", words, err)
	}
	if !j.out.Scan() {
		j.t.Fatalf("%s: the JVM is gone: %v", words, j.out.Err())
	}
	said, ok := strings.CutPrefix(j.out.Text(), "ok")
	if !ok {
		j.t.Fatalf("%s: %s", words, said)
	}
	return strings.TrimSpace(said)
}
