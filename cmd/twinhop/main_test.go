package main

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "write what is found into the golden files")

// TestMain lets the test binary be the program: what is tested is the whole
// process, its exit code included.
func TestMain(m *testing.M) {
	if os.Getenv("TWINHOP_AS_PROGRAM") == "1" {
		main()
		return
	}
	os.Exit(m.Run())
}

// program prepares a run of the program in a directory.
func program(t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), self, args...)
	c.Dir = dir
	c.Env = append(os.Environ(), "TWINHOP_AS_PROGRAM=1", "XDG_CONFIG_HOME="+filepath.Join(dir, "settings"), // nobody's own settings "GOCOVERDIR="+t.TempDir(),
		"GORACE=atexit_sleep_ms=10 "+os.Getenv("GORACE")) // the race detector would have each exit sleep for a second
	return c
}

func exitCode(t *testing.T, err error) int {
	t.Helper()
	var e *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &e):
		return e.ExitCode()
	}
	t.Fatal(err)
	return -1
}

// Each golden file is a command line (its comment), the files it finds, and
// what the program prints and returns.
func TestCommandLines(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			dir, kept := t.TempDir(), []txtar.File{}
			want := map[string]string{}
			for _, f := range a.Files {
				switch f.Name {
				case "stdout", "stderr", "code":
					want[f.Name] = string(f.Data)
				default:
					kept = append(kept, f)
					file := filepath.Join(dir, f.Name)
					if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
						t.Fatal(err)
					}
					if err := os.WriteFile(file, f.Data, 0o600); err != nil {
						t.Fatal(err)
					}
				}
			}
			command := strings.Fields(strings.TrimSpace(string(a.Comment)))
			if len(command) == 0 || command[0] != "twinhop" {
				t.Fatalf("no command line: %q", a.Comment)
			}
			c := program(t, dir, command[1:]...)
			var stdout, stderr bytes.Buffer
			c.Stdout, c.Stderr = &stdout, &stderr
			code := exitCode(t, c.Run())
			got := map[string]string{"stdout": stdout.String(), "stderr": stderr.String(), "code": strconv.Itoa(code) + "\n"}
			if *update {
				for _, n := range []string{"stdout", "stderr", "code"} {
					if got[n] != "" {
						kept = append(kept, txtar.File{Name: n, Data: []byte(got[n])})
					}
				}
				a.Files = kept
				if err := os.WriteFile(name, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			for n := range got { // what the file leaves out is empty
				if d := cmp.Diff(want[n], got[n]); d != "" {
					t.Errorf("%s (-want +got):\n%s", n, d)
				}
			}
		})
	}
}
