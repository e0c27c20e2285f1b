package jvm

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// sources is where the programs are, from the root of the module.
var sources = filepath.Join("e2e", "testdata", "java")

// compiled is what was compiled in this process, each layout once.
var compiled struct {
	sync.Mutex
	dir  string
	done map[string]error
}

// Classes returns a folder with the compiled programs; layout is "recent" or
// "old": what a SIPNode has with nodes of that age. Without a JDK the test is
// skipped, and fails where CI is "true". They stay until Remove.
func Classes(t testing.TB, layout string) string {
	t.Helper()
	for _, f := range []string{"java", "javac"} {
		if _, err := exec.LookPath(f); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatalf("%s is missing: run .ci/setup", f)
			}
			t.Skipf("skipped, %s is missing: .ci/setup installs it", f)
		}
	}
	compiled.Lock()
	defer compiled.Unlock()
	if compiled.dir == "" {
		dir, err := os.MkdirTemp("", "jvm-classes")
		if err != nil {
			t.Fatal(err)
		}
		compiled.dir, compiled.done = dir, map[string]error{}
	}
	out := filepath.Join(compiled.dir, layout)
	err, done := compiled.done[layout]
	if !done {
		err = compile(layout, out)
		compiled.done[layout] = err
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Remove deletes what Classes compiled: the last a package's tests do.
func Remove() {
	compiled.Lock()
	defer compiled.Unlock()
	if compiled.dir != "" {
		os.RemoveAll(compiled.dir)
		compiled.dir = ""
	}
}

func compile(layout, out string) error {
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	args := []string{"-d", out}
	for _, part := range []string{"stub", layout, "client"} {
		err := filepath.WalkDir(filepath.Join(root, sources, part), func(path string, _ fs.DirEntry, err error) error {
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

// moduleRoot is the folder with go.mod, above the one that the test runs in.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("no go.mod above the folder of the test")
		}
		dir = up
	}
	return "", err
}
